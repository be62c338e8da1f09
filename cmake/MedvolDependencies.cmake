# LibTorch through targets of our own: find_package(Torch) of a CUDA build demands a CUDA toolkit that the program does
# not need. Searched in this order: MEDVOL_TORCH, CMAKE_PREFIX_PATH, the wheel that `./medvol setup` put into .deps/.
if(NOT MEDVOL_TORCH AND DEFINED ENV{MEDVOL_TORCH})
  set(MEDVOL_TORCH "$ENV{MEDVOL_TORCH}")
endif()
set(MEDVOL_TORCH "${MEDVOL_TORCH}" CACHE PATH "A LibTorch folder (the one that holds include/ and lib/)" FORCE)
if(MEDVOL_TORCH)
  set(_torch_hints "${MEDVOL_TORCH}")
else()
  set(_torch_hints "")
  cmake_path(CONVERT "$ENV{CMAKE_PREFIX_PATH}" TO_CMAKE_PATH_LIST _prefixes NORMALIZE)
  foreach(_prefix IN LISTS CMAKE_PREFIX_PATH _prefixes)
    list(APPEND _torch_hints "${_prefix}" "${_prefix}/torch")
  endforeach()
  file(GLOB _torch_wheels "${CMAKE_SOURCE_DIR}/.deps/venv/lib/python3*/site-packages/torch")
  list(APPEND _torch_hints ${_torch_wheels})
endif()
set(MEDVOL_TORCH_ROOT "")
foreach(_hint IN LISTS _torch_hints)
  if(EXISTS "${_hint}/include/torch/csrc/api/include/torch/torch.h" AND EXISTS "${_hint}/lib/libtorch_cpu.so")
    set(MEDVOL_TORCH_ROOT "${_hint}")
    break()
  endif()
endforeach()
if(NOT MEDVOL_TORCH_ROOT)
  message(FATAL_ERROR "LibTorch not found (looked in: ${_torch_hints}). Run ./medvol setup, or set MEDVOL_TORCH to a LibTorch folder.")
endif()
message(STATUS "LibTorch: ${MEDVOL_TORCH_ROOT}")

# LibTorch's include folder carries a later fmt that libfmt does not serve; the one that spdlog was built with goes first.
find_package(fmt REQUIRED)
find_path(MEDVOL_FMT_INCLUDE fmt/format.h PATHS /usr/include NO_DEFAULT_PATH)
find_path(MEDVOL_FMT_INCLUDE fmt/format.h REQUIRED)
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/first")
file(CREATE_LINK "${MEDVOL_FMT_INCLUDE}/fmt" "${CMAKE_BINARY_DIR}/first/fmt" SYMBOLIC)

add_library(medvol_torch INTERFACE)
add_library(medvol::torch ALIAS medvol_torch)
target_include_directories(medvol_torch SYSTEM INTERFACE "${CMAKE_BINARY_DIR}/first"
  "${MEDVOL_TORCH_ROOT}/include" "${MEDVOL_TORCH_ROOT}/include/torch/csrc/api/include")
target_link_directories(medvol_torch INTERFACE "${MEDVOL_TORCH_ROOT}/lib")
target_link_libraries(medvol_torch INTERFACE torch_cpu c10)
target_link_options(medvol_torch INTERFACE "-Wl,--allow-shlib-undefined")
# Where a program looks for libraries and for those that its libraries need (RPATH, which RUNPATH is not): as built, in
# lib/ and in LibTorch; installed, beside itself.
target_link_options(medvol_torch INTERFACE "-Wl,--disable-new-dtags")
set(CMAKE_BUILD_RPATH "\$ORIGIN/../lib" "${MEDVOL_TORCH_ROOT}/lib")
set(CMAKE_INSTALL_RPATH "\$ORIGIN/../lib" "\$ORIGIN/../torch/lib")

# For the one library that needs CUDA's and NCCL's headers (framework/parallel/cuda): the wheel brings them beside itself.
set(MEDVOL_CUDA_INCLUDES "")
get_filename_component(_packages "${MEDVOL_TORCH_ROOT}" DIRECTORY)
file(GLOB _cuda_folders "${_packages}/nvidia/cu1*/include" "${_packages}/nvidia/cuda_runtime/include")
find_path(MEDVOL_CUDART_INCLUDE cuda_runtime_api.h HINTS ${_cuda_folders} /usr/local/cuda/include)
find_path(MEDVOL_NCCL_INCLUDE nccl.h HINTS "${_packages}/nvidia/nccl/include" /usr/local/cuda/include)
if(MEDVOL_CUDART_INCLUDE AND MEDVOL_NCCL_INCLUDE AND EXISTS "${MEDVOL_TORCH_ROOT}/lib/libtorch_cuda.so")
  set(MEDVOL_CUDA_INCLUDES "${MEDVOL_CUDART_INCLUDE}" "${MEDVOL_NCCL_INCLUDE}")
else()
  message(STATUS "no CUDA or NCCL headers beside LibTorch: several processes will train on CPUs only")
endif()

# LibTorch's Gloo is in libtorch_cpu, but the wheel lacks its headers (used by framework/parallel).
find_path(MEDVOL_GLOO_INCLUDE gloo/algorithm.h REQUIRED)

find_package(Threads REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(EXPAT REQUIRED)
find_package(ITK REQUIRED COMPONENTS ITKCommon ITKIOImageBase ITKIONIFTI ITKIONRRD ITKIOMeta ITKIOGDCM ITKIOPNG ITKIOTIFF ITKIOJPEG
             ITKBiasCorrection ITKConnectedComponents ITKImageGrid ITKOptimizersv4 ITKMetricsv4 ITKRegistrationMethodsv4 ITKTransform)

add_library(medvol_itk INTERFACE)
add_library(medvol::itk ALIAS medvol_itk)
target_include_directories(medvol_itk SYSTEM INTERFACE ${ITK_INCLUDE_DIRS})
target_link_libraries(medvol_itk INTERFACE ${ITK_LIBRARIES})

add_library(medvol_hdf5 INTERFACE)
add_library(medvol::hdf5 ALIAS medvol_hdf5)
target_include_directories(medvol_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(medvol_hdf5 INTERFACE ${HDF5_C_LIBRARIES})

# DICOM data sets. CMake's own FindDCMTK looks for more than is used here.
find_package(DCMTK CONFIG REQUIRED)
add_library(medvol_dcmtk INTERFACE)
add_library(medvol::dcmtk ALIAS medvol_dcmtk)
target_link_libraries(medvol_dcmtk INTERFACE DCMTK::dcmdata DCMTK::dcmjpls)

# OpenCV's own CMake package comes with libopencv-dev only, which brings 266 Debian packages that nothing here uses.
find_path(MEDVOL_OPENCV_INCLUDE opencv2/imgproc.hpp PATH_SUFFIXES opencv4 REQUIRED)
find_library(MEDVOL_OPENCV_CORE opencv_core REQUIRED)
find_library(MEDVOL_OPENCV_IMGPROC opencv_imgproc REQUIRED)
add_library(medvol_opencv INTERFACE)
add_library(medvol::opencv ALIAS medvol_opencv)
target_include_directories(medvol_opencv SYSTEM INTERFACE "${MEDVOL_OPENCV_INCLUDE}")
target_link_libraries(medvol_opencv INTERFACE "${MEDVOL_OPENCV_IMGPROC}" "${MEDVOL_OPENCV_CORE}")

add_library(medvol_sodium INTERFACE)
add_library(medvol::sodium ALIAS medvol_sodium)
target_link_libraries(medvol_sodium INTERFACE PkgConfig::SODIUM)

# ONNX files. Only the room that includes these headers defines their macros (networks/export/onnx_file).
find_path(MEDVOL_ONNX_INCLUDE onnx/onnx_pb.h REQUIRED)
find_library(MEDVOL_ONNX_PROTO onnx_proto REQUIRED)
find_library(MEDVOL_PROTOBUF protobuf REQUIRED)
add_library(medvol_onnx INTERFACE)
add_library(medvol::onnx ALIAS medvol_onnx)
target_link_libraries(medvol_onnx INTERFACE "${MEDVOL_ONNX_PROTO}" "${MEDVOL_PROTOBUF}")

# The one precompiled header. Rooms marked TORCH in their CMakeLists.txt reuse it.
file(WRITE "${CMAKE_BINARY_DIR}/medvol_pch.cpp.in" "// carries the precompiled header\n")
configure_file("${CMAKE_BINARY_DIR}/medvol_pch.cpp.in" "${CMAKE_BINARY_DIR}/medvol_pch.cpp" COPYONLY)
add_library(medvol_pch STATIC "${CMAKE_BINARY_DIR}/medvol_pch.cpp")
target_link_libraries(medvol_pch PUBLIC medvol::torch nlohmann_json::nlohmann_json)
# Not torch/torch.h: each source file that reuses the header pays for what is in it (4.7 s on a core of a Xeon; 2.4 s
# with these). What few files need (optimisers, convolutions' modules, script.h) they include themselves.
target_precompile_headers(medvol_pch PRIVATE <torch/types.h> <torch/utils.h> <torch/nn/module.h> <torch/nn/pimpl.h>
  <torch/nn/modules/container/modulelist.h> <torch/nn/modules/linear.h> <nlohmann/json.hpp>)
