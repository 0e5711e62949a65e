# The programs that are shipped are optimised as a whole when they are linked: a third less code, and less of it in
# memory. Objects hold both forms, so that tests link what was compiled.
option(STUDIO_LTO "Optimise the shipped programs as a whole" OFF)

if(STUDIO_LTO)
  include(CheckLinkerFlag)
  check_linker_flag(CXX LINKER:-z,pack-relative-relocs STUDIO_HAS_PACKED_RELOCATIONS)
  add_compile_options(-flto -ffat-lto-objects)
endif()

function(studio_optimise_whole program)
  if(STUDIO_LTO)
    # GCC numbers the hidden fields of a coroutine's frame by what stands before it in the file, so two files that include
    # one header disagree about their names, and about nothing else.
    target_link_options(${program} PRIVATE -flto=auto -Wno-odr)
    if(STUDIO_HAS_PACKED_RELOCATIONS)
      target_link_options(${program} PRIVATE LINKER:-z,pack-relative-relocs)
    endif()
  endif()
endfunction()
