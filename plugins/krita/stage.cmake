# The plug-in as Krita takes it: a folder of plug-ins, and a zip file for "Import Python Plugin from File".
#
#   cmake -DTO=FOLDER [-DPYTHON=PROGRAM] [-DGOOGLEAPIS=FOLDER] -P stage.cmake
#
# makes FOLDER anew. The other two are as for client_sdk/python/stage.cmake.
set(plug_in "${TO}")
file(REMOVE_RECURSE "${plug_in}")
file(COPY "${CMAKE_CURRENT_LIST_DIR}/impasto_docker" "${CMAKE_CURRENT_LIST_DIR}/impasto_docker.desktop"
  DESTINATION "${plug_in}" PATTERN __pycache__ EXCLUDE)
set(TO "${plug_in}/impasto_docker/client")
include("${CMAKE_CURRENT_LIST_DIR}/../../client_sdk/python/stage.cmake")
file(REMOVE_RECURSE "${TO}/impasto/lab") # for notebooks alone
execute_process(
  COMMAND "${CMAKE_COMMAND}" -E tar cf impasto-krita.zip --format=zip impasto_docker.desktop impasto_docker
  WORKING_DIRECTORY "${plug_in}"
  COMMAND_ERROR_IS_FATAL ANY)
