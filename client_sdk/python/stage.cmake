# The package with the API's descriptors, as a folder for PYTHONPATH: nothing is installed, and nothing written into the tree.
#
#   cmake -DTO=FOLDER [-DPYTHON=PROGRAM] [-DGOOGLEAPIS=FOLDER] -P stage.cmake
#
# makes FOLDER/impasto anew. PYTHON has protobuf; GOOGLEAPIS: where google/rpc/*.proto are.
if(NOT PYTHON)
  set(PYTHON python3)
endif()
set(environment "")
if(GOOGLEAPIS)
  set(environment "IMPASTO_GOOGLEAPIS_DIR=${GOOGLEAPIS}")
endif()
file(REMOVE_RECURSE "${TO}/impasto")
file(COPY "${CMAKE_CURRENT_LIST_DIR}/src/impasto" DESTINATION "${TO}" PATTERN __pycache__ EXCLUDE)
execute_process(
  COMMAND "${CMAKE_COMMAND}" -E env ${environment} "${PYTHON}" -B "${CMAKE_CURRENT_LIST_DIR}/make_api.py" "${TO}/impasto/_wire/api.binpb"
  COMMAND_ERROR_IS_FATAL ANY)
