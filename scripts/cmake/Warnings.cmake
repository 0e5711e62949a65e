# Warnings for our own code only; third-party headers come in as SYSTEM. Presets turn them into errors.
option(STUDIO_WERROR "Treat warnings as errors" OFF)

add_library(studio_warnings INTERFACE)
target_compile_options(studio_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual
  -Wformat=2 -Wimplicit-fallthrough
  $<$<BOOL:${STUDIO_WERROR}>:-Werror>)
# Designated initialisers that leave trailing members to their defaults are the house style for value types.
target_compile_options(studio_warnings INTERFACE -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside libstdc++ and Asio after inlining; clang checks the same code without them.
  target_compile_options(studio_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-mismatched-new-delete)
endif()
