# STUDIO_SANITIZE=address,undefined or thread: one switch for every target of the tree.
set(STUDIO_SANITIZE "" CACHE STRING "Sanitizers to build with, as for -fsanitize=")

if(STUDIO_SANITIZE)
  add_compile_options(-fsanitize=${STUDIO_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${STUDIO_SANITIZE})
  if(STUDIO_SANITIZE MATCHES "thread")
    # Asio uses atomic_thread_fence, which TSan does not model; GCC warns at each use.
    add_compile_options(-Wno-tsan)
  endif()
endif()
