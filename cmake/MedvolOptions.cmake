# Compiler settings that every room shares. One set of flags for all targets, so that one precompiled header serves them.
option(MEDVOL_TESTS "Build the tests" ON)
option(MEDVOL_ASAN "Address and undefined-behaviour sanitizers" OFF)
set(MEDVOL_ARCH "x86-64-v3" CACHE STRING "Instruction set of our own code (LibTorch chooses its own at run time)")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
# Contracted multiply-adds would make results depend on the optimiser's mood; fused operations are written where they are meant.
add_compile_options(-ffp-contract=off)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-march=${MEDVOL_ARCH})
endif()

find_program(MEDVOL_CCACHE ccache)
if(MEDVOL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The precompiled header is found by its content, not by its time.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${MEDVOL_CCACHE})
  add_compile_options(-fpch-preprocess)
endif()
find_program(MEDVOL_MOLD mold)
if(MEDVOL_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
if(MEDVOL_ASAN)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer -g1 -O1)
  add_link_options(-fsanitize=address,undefined)
endif()

add_library(medvol_warnings INTERFACE)
target_compile_options(medvol_warnings INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
