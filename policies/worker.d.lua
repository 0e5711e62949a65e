-- written by 'studio-worker policy stubs'; what is changed here is lost
---@meta worker

---a kind of job
---@alias worker.Kind 'image'|'llm'|'audio_stt'|'audio_tts'|'video'|'mesh'

---what a pause does to the running job
---@alias worker.Action 'finish'|'suspend'|'return'

---what an unknown condition counts as
---@alias worker.Answer 'pause'|'ignore'

---of a log record
---@alias worker.Level 'debug'|'info'|'warn'|'error'

---of log lines
---@alias worker.Format 'text'|'json'

---what a log record is about
---@alias worker.Category 'base'|'config'|'control'|'engine'|'heartbeat'|'history'|'http'|'logs'|'machine'|'policy'|'worker'|'ws'

---where log records go; 'file:NAME' is a file of the log folder
---@alias worker.Sink 'console'|'studio'|'none'|string

---of a quota: a day or week of the policy's zone, or the name of a window
---@alias worker.Period 'day'|'week'|string

---'512MiB', '12GiB'; units KiB MiB GiB TiB
---@alias worker.Size string

---'90s', '20m', '1h30m', '2d'; units s m h d
---@alias worker.Span string

---a size like '12GiB', or '40%' of what there is
---@alias worker.Share string

---'83C', in degrees Celsius
---@alias worker.Temperature string

---'60/min'; per s min h d
---@alias worker.Rate string

---'22:00', or with a weekday 'fri 20:00'
---@alias worker.DayTime string

---'mon-fri', 'sat,sun'
---@alias worker.Days string

---'2026-12-24', '2026-12-24 .. 2027-01-02'
---@alias worker.Dates string

---of a window or of dates
---@alias worker.Name string

---a name in which * stands for anything
---@alias worker.Pattern string

---worker.window 'name' { ... }
---@class (exact) worker.Window
---@field days? worker.Days|worker.Days[] on which it starts; without it every day
---@field from? worker.DayTime when it starts
---@field to? worker.DayTime when it ends, on a later day if need be
---@field lasts? worker.Span its length, in place of an end; at most 7d
---@field all_day? boolean whole days, in place of times

---worker.accept_during { ... }
---@class (exact) worker.AcceptDuring
---@field except? worker.Name|worker.Name[] windows whose time is taken away, dates on which nothing starts
---@field finish_before_end? worker.Span no new job in this last stretch of a window; at most 24h
---@field [integer] worker.Name

---worker.game 'pattern' { ... }
---@class (exact) worker.Game
---@field accept? boolean false declines; true is the default
---@field kinds? worker.Kind|worker.Kind[] only these kinds of jobs
---@field models? worker.Pattern|worker.Pattern[] only these models
---@field max_vram? worker.Size declines what needs more
---@field max_time? worker.Span ends a job that runs for longer
---@field quota? worker.Quota how much of this machine the games of this entry have in a period
---@field reason? string what the studio is told when this entry declines

---quota = { ... }
---@class (exact) worker.Quota
---@field jobs? integer at most so many, from 1 on
---@field gpu_time? worker.Span at most so much time of the engines
---@field per worker.Period the period over which it counts

---worker.pause_when 'title' { ... }
---@class (exact) worker.PauseWhen
---@field apps? worker.Pattern|worker.Pattern[] one of these programs runs
---@field foreign_gpu? true|worker.ForeignGpu programs that are not ours hold memory of a card
---@field user_active_within? worker.Span somebody used this computer
---@field on_battery? boolean the power supply
---@field hotter_than? worker.Temperature of any card
---@field during? worker.Name|worker.Name[] only inside of these windows or dates
---@field unless? worker.Name|worker.Name[] only outside of these windows or dates
---@field gpus? integer|integer[] the cards that foreign_gpu and hotter_than look at; without it all
---@field action? worker.Action 'finish' is the default
---@field release_vram? boolean engines without a job end; 'suspend' becomes 'return'
---@field start_after? worker.Span begins late; at most 24h
---@field resume_after? worker.Span ends late; at most 24h
---@field if_unknown? worker.Answer what cannot be measured pauses, unless this is 'ignore'

---foreign_gpu = { ... }
---@class (exact) worker.ForeignGpu
---@field min_vram? worker.Size together, from this on
---@field ignore? worker.Pattern|worker.Pattern[] programs that do not count

---worker.vram { ... }
---@class (exact) worker.Vram
---@field keep_free? worker.Size stays free
---@field at_most? worker.Share for jobs
---@field during? worker.Name only inside of this window or these dates
---@field gpus? integer|integer[] the cards that it bounds, together; without it all

---worker.log_to 'sink' { ... }
---@class (exact) worker.LogTo
---@field level? worker.Level and above; without it what log_level lets through
---@field about? 'job'|worker.Category|('job'|worker.Category)[] only these records; 'job': all that name a job
---@field game? worker.Pattern only records of this game
---@field format? worker.Format of the console or of a file
---@field keep? worker.Span of a file: older parts are removed
---@field max_size? worker.Size of a file: all parts together
---@field at_most? worker.Rate the rest is counted
---@field stop? boolean no later entry is asked

---worker.pause { ... }
---@class (exact) worker.Pause
---@field reason string shown to everybody who asks why
---@field action? worker.Action 'finish' is the default
---@field release_vram? boolean engines without a job end; 'suspend' becomes 'return'

---worker.used { ... }
---@class (exact) worker.Used
---@field game worker.Pattern whose use
---@field per worker.Period in which period

---what a hook of 'offer' is asked about
---@class (exact) worker.Offer
---@field id string of the job
---@field game? string whose job it is
---@field asset? string what is made
---@field kind worker.Kind of job
---@field model? string that it needs
---@field engine? string of the model's source
---@field vram? number bytes: what it needs
---@field width? number pixels: of the picture
---@field height? number pixels: of the picture
---@field steps? number of the sampler
---@field seconds? number seconds: of sound or video
---@field chars? number of text to speak
---@field max_tokens? number of the answer
---@field cached? boolean all files of the model are on this machine
---@field download? number bytes: of the model's files that are not
---@field est_time? number seconds: median of the last runs of this model at about this size

---what the sensors say
---@class (exact) worker.Machine
---@field user_idle? number seconds: since somebody used this computer
---@field locked? boolean the screen
---@field on_battery? boolean the power supply
---@field apps? table<string, true> the programs that run: machine.apps['maya.bin']
---@field cpu? number 0 to 1: of all processors together
---@field memory_free? number bytes: of the machine
---@field now number seconds: since 1970

---a card, as the sensors see it
---@class (exact) worker.Gpu
---@field index integer of the card, from 0
---@field uuid? string of the card
---@field name? string of the card
---@field total? number bytes: its memory
---@field free? number bytes: of its memory
---@field ours? number bytes: held by this worker's engines
---@field temperature? number degrees Celsius: of the card
---@field busy? number 0 to 1: of its time
---@field foreign? worker.GpuProcess[] the programs that are not ours

---a program that holds memory of a card
---@class (exact) worker.GpuProcess
---@field name string of the program
---@field vram? number bytes: that it holds

---a log record; what a hook writes into it is what goes on
---@class (exact) worker.Record
---@field level worker.Level of the record
---@field about worker.Category its category
---@field message string its text
---@field job? string the job that it names
---@field game? string the game that it names
---@field kind? string of the job
---@field details? string the other fields, as text
---@field prompt? nil never there: no record holds a prompt

---what games had of this machine
---@class (exact) worker.Use
---@field jobs number that were accepted
---@field gpu_time number seconds: of the engines

---a verdict on an offer, to be returned from the hook
---@class worker.Verdict

---a pause, to be returned from the hook
---@class worker.Pausing

---@class worker
local worker = {}

---The time zone of all windows; without it the machine's own.
---@param zone string
function worker.zone(zone) end

---A window of time that recurs: worker.window 'night' { from = '22:00', to = '07:00' }.
---@param name string
---@return fun(window: worker.Window)
function worker.window(name) end

---Named days: worker.dates 'holidays' { '2026-12-24 .. 2027-01-02' }.
---@param name string
---@return fun(dates: worker.Dates[])
function worker.dates(name) end

---Work is taken only in these windows: worker.accept_during { 'night' }. Once in a policy.
---@param during worker.AcceptDuring
function worker.accept_during(during) end

---Rules for games; the first entry whose pattern matches applies.
---@param pattern worker.Pattern
---@return fun(rules: worker.Game)
function worker.game(pattern) end

---Pauses while all conditions of the table hold.
---@param title string
---@return fun(conditions: worker.PauseWhen)
function worker.pause_when(title) end

---A bound of the GPU memory that jobs use; the smallest bound counts.
---@param bound worker.Vram
function worker.vram(bound) end

---Where log records go; entries are asked in their order.
---@param sink worker.Sink
---@return fun(which: worker.LogTo)
function worker.log_to(sink) end

---A rule as a function. It returns nothing when it has no opinion.
---@overload fun(event: 'pause', hook: fun(machine: worker.Machine, gpus: worker.Gpu[]): worker.Pausing?)
---@overload fun(event: 'budget', hook: fun(gpu: worker.Gpu): (number|worker.Size)?, string?)
---@overload fun(event: 'log', hook: fun(record: worker.Record))
---@param event 'offer'
---@param hook fun(offer: worker.Offer): worker.Verdict?
function worker.on(event, hook) end

---In a hook of 'offer': no.
---@param reason string
---@return worker.Verdict
function worker.decline(reason) end

---In a hook of 'offer': yes, as far as this rule goes.
---@param reason? string
---@return worker.Verdict
function worker.accept(reason) end

---In a hook of 'pause': pauses, for this reason.
---@param pause string|worker.Pause
---@return worker.Pausing
function worker.pause(pause) end

---So many minutes in seconds, the unit of facts.
---@param count number
---@return number
function worker.minutes(count) end

---So many GiB in bytes, the unit of facts.
---@param count number
---@return number
function worker.gib(count) end

---In a hook: whether it is now.
---@param name worker.Name
---@return boolean
function worker.in_window(name) end

---In a hook of 'offer': what such games had in this period.
---@param which worker.Used
---@return worker.Use
function worker.used(which) end

---A line of the explanation.
---@param text string|number
function worker.note(text) end

---facts of an offer in a test; those that are not said have a default
---@class (exact) worker.TestOffer
---@field id? string of the job
---@field game? string whose job it is
---@field asset? string what is made
---@field kind? worker.Kind of job; an image without it
---@field model? string that it needs
---@field engine? string of the model's source
---@field vram? worker.Size what it needs; 1 GiB without it
---@field width? number pixels: of the picture
---@field height? number pixels: of the picture
---@field steps? number of the sampler
---@field seconds? number seconds: of sound or video
---@field chars? number of text to speak
---@field max_tokens? number of the answer
---@field cached? boolean all files of the model are there; true without it
---@field download? worker.Size of the model's files that are not; 0 without it
---@field est_time? worker.Span how long it will take

---t:done { ... }
---@class (exact) worker.TestDone
---@field game string whose jobs
---@field kind? worker.Kind of the jobs
---@field times? integer how many; 1 without it
---@field gpu_time? worker.Span of the engines, for each

---t:machine { ... }
---@class (exact) worker.TestMachine
---@field locked? boolean the screen
---@field on_battery? boolean the power supply
---@field cpu? number 0 to 1: of all processors together
---@field memory_free? worker.Size of the machine

---t:gpu { ... }
---@class (exact) worker.TestGpu
---@field index? integer of the card, from 0; 0 without it
---@field uuid? string of the card
---@field name? string of the card
---@field total? worker.Size its memory
---@field free? worker.Size of its memory
---@field ours? worker.Size held by this worker's engines
---@field temperature? number degrees Celsius: of the card
---@field busy? number 0 to 1: of its time
---@field foreign? worker.TestProgram[] the programs that are not ours

---foreign = { { ... } }
---@class (exact) worker.TestProgram
---@field name string of the program
---@field vram? worker.Size that it holds

---a log record in a test
---@class (exact) worker.TestRecord
---@field level? worker.Level of the record; 'info' without it
---@field about? worker.Category its category; 'worker' without it
---@field message? string its text
---@field job? string the job that it names
---@field game? string the game that it names
---@field kind? string of the job
---@field details? string the other fields, as text

---the sinks that take it, and what it says then
---@class (exact) worker.TestExpected
---@field level? string|false of the record; false: gone
---@field about? string|false its category
---@field message? string|false its text
---@field job? string|false the job that it names
---@field game? string|false the game that it names
---@field kind? string|false of the job
---@field details? string|false the other fields, as text
---@field [integer] string

---what `t` is in *_test.lua
---@class worker.Test
local t = {}

---The time now: 'YYYY-MM-DD HH:MM' of the policy's zone, or RFC 3339.
---@param time string
function t:clock(time) end

---Time goes by.
---@param span worker.Span
function t:wait(span) end

---Jobs that were accepted now.
---@param jobs worker.TestDone
function t:done(jobs) end

---The offer is accepted now.
---@param offer worker.TestOffer
function t:accepts(offer) end

---The offer is declined now, with this part of the reason.
---@param offer worker.TestOffer
---@param reason? string
function t:declines(offer, reason) end

---One more program runs.
---@param name string
function t:app(name) end

---No program runs.
function t:no_apps() end

---'active', or for how long nobody did anything.
---@param idle 'active'|worker.Span
function t:user(idle) end

---Other facts of the machine.
---@param facts worker.TestMachine
function t:machine(facts) end

---Facts of a card; the others stay.
---@param card worker.TestGpu
function t:gpu(card) end

---A sensor that cannot tell.
---@param sensor string
function t:unknown(sensor) end

---The power supply.
---@param on_battery boolean
function t:on_battery(on_battery) end

---A pause holds; its title contains this.
---@param title? string
function t:paused(title) end

---No pause holds.
function t:running() end

---The bound of memory now; without one none holds.
---@param size? worker.Size
function t:budget(size) end

---Where such a record goes, and what it says then.
---@param record worker.TestRecord
---@param expected worker.TestExpected
function t:logs(record, expected) end

---a test of the policies in this folder
---@param name string
---@param body fun(t: worker.Test)
function test(name, body) end

---Raises `message` unless `value` holds.
---@param value any
---@param message? any
---@return any
function assert(value, message) end

---Ends the hook with an error.
---@param message any
---@param level? integer
function error(message, level) end

---Goes through a list.
---@param list table
---@return fun(list: table, i?: integer): integer, any
function ipairs(list) end

---The next key and value, in an order of its own that never changes.
---@param table table
---@param key? any
---@return any
function next(table, key) end

---Goes through a table, in an order of its own that never changes.
---@param table table
---@return fun(table: table, key?: any): any, any
function pairs(table) end

---Calls a function: true and its results, or false and the error.
---@param call function
---@param ... any
---@return boolean, any
function pcall(call, ...) end

---The arguments from a place on, or with '#' their number.
---@param place integer|'#'
---@param ... any
---@return any
function select(place, ...) end

---The number that a text holds, or nil.
---@param value any
---@param base? integer
---@return number?
function tonumber(value, base) end

---As text.
---@param value any
---@return string
function tostring(value) end

---'nil', 'number', 'string', 'boolean', 'table', 'function' or 'userdata'.
---@param value any
---@return string
function type(value) end

---The entries of a list as values.
---@param list table
---@param from? integer
---@return any
function unpack(list, from) end

---`require 'worker'`, or the value of `name.lua` of this folder.
---@param name string
---@return any
function require(name) end

return worker
