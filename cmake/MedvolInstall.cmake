# `cmake --install build/release --prefix DIR` makes a folder that can be moved, and copied to another machine:
#   medvol                starts bin/medvol with the LibTorch that it finds
#   bin/                  the program, and the tests that need a GPU
#   lib/                  libmedvol_cuda.so, and Debian's libraries that a machine may lack
#   share/medvol/         configurations, benchmarks' scripts, gpu_check.sh
# `--component program` leaves Debian's libraries out. LibTorch is never in it: the machine must have the version that
# medvol was built with.
set(_shared share/medvol)
install(TARGETS medvol RUNTIME_DEPENDENCY_SET medvol_libraries RUNTIME DESTINATION bin COMPONENT program)
if(TARGET medvol_cuda)
  install(TARGETS medvol_cuda LIBRARY DESTINATION lib COMPONENT program)
endif()
if(TARGET gpu_tests)
  install(TARGETS gpu_tests RUNTIME DESTINATION bin COMPONENT program OPTIONAL)
endif()
install(CODE [[
  file(GLOB _binaries "${CMAKE_INSTALL_PREFIX}/bin/*" "${CMAKE_INSTALL_PREFIX}/lib/libmedvol_cuda.so")
  execute_process(COMMAND strip --strip-unneeded ${_binaries} COMMAND_ERROR_IS_FATAL ANY)
]] COMPONENT program)
install(DIRECTORY "${CMAKE_SOURCE_DIR}/experiments/conf" "${CMAKE_SOURCE_DIR}/experiments/benchmarks"
  DESTINATION ${_shared} COMPONENT program USE_SOURCE_PERMISSIONS)
install(PROGRAMS "${CMAKE_SOURCE_DIR}/cmake/bundle/medvol" DESTINATION . COMPONENT program)
install(FILES "${CMAKE_SOURCE_DIR}/LICENSE" DESTINATION ${_shared} COMPONENT program)
# What every Linux of glibc 2.36 or later has, and what LibTorch brings, stays out.
install(RUNTIME_DEPENDENCY_SET medvol_libraries
  PRE_EXCLUDE_REGEXES "^lib(torch|c10|cudart|cublas|cudnn|nccl)" "^ld-linux" "^lib(c|m|dl|rt|pthread|util|resolv)\\.so"
                      "^lib(stdc\\+\\+|gcc_s|gomp)\\.so"
  POST_EXCLUDE_REGEXES "^${MEDVOL_TORCH_ROOT}/" "/nvidia/"
  LIBRARY DESTINATION lib COMPONENT libraries)
