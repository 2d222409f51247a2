# Components: sdk (headers, libraries, the CMake package), client (impasto), server (impastod), gimp and krita (the plug-ins).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# The SDK's own headers go to include/impasto. Generated ones, google/... among them, go below that to a folder of their
# own, which is an include directory: nobody else's google/api can be shadowed by them.
install(DIRECTORY "${PROJECT_SOURCE_DIR}/client_sdk/cpp/include/impasto"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT sdk
  FILES_MATCHING PATTERN "*.h" PATTERN internal EXCLUDE)
foreach(header ${IMPASTO_MESSAGE_HEADERS})
  cmake_path(GET header PARENT_PATH folder)
  install(FILES "${IMPASTO_GENERATED_DIR}/${header}"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/impasto/api/${folder}" COMPONENT sdk)
endforeach()

target_include_directories(impasto_client INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_include_directories(impasto_protos INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/impasto/api>")

install(TARGETS impasto_client impasto_mocks impasto_protos impasto_grpc_protos EXPORT ImpastoTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT sdk
  PUBLIC_HEADER DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/impasto" COMPONENT sdk)
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/Impasto")
install(EXPORT ImpastoTargets NAMESPACE Impasto:: DESTINATION "${package}" COMPONENT sdk)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/ImpastoConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/ImpastoConfig.cmake" INSTALL_DESTINATION "${package}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the API.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/ImpastoConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/ImpastoConfig.cmake" "${PROJECT_BINARY_DIR}/ImpastoConfigVersion.cmake"
  DESTINATION "${package}" COMPONENT sdk)

if(IMPASTO_BUILD_CLI)
  install(TARGETS impasto RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT client)
endif()
if(IMPASTO_BUILD_SERVER)
  # A LibTorch of the user's own lies where no loader looks.
  set_target_properties(impastod PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS impastod RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT server)
endif()
if(IMPASTO_BUILD_GIMP)
  install(TARGETS ${IMPASTO_GIMP_PROGRAM}
    RUNTIME DESTINATION "${IMPASTO_GIMP_PLUGIN_DIR}/impasto-style-transfer" COMPONENT gimp)
  install(DIRECTORY "${IMPASTO_GIMP_BUILT}/impasto-style-transfer/locale/"
    DESTINATION "${CMAKE_INSTALL_LOCALEDIR}" COMPONENT gimp)
  install(DIRECTORY "${IMPASTO_GIMP_BUILT}/impasto-style-transfer/help/"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/impasto/gimp-help" COMPONENT gimp)
endif()
if(IMPASTO_BUILD_KRITA)
  install(DIRECTORY "${IMPASTO_KRITA_BUILT}/" DESTINATION "${CMAKE_INSTALL_DATADIR}/krita/pykrita" COMPONENT krita
    PATTERN "*.zip" EXCLUDE)
endif()
