# What every target of ours is built with: `parley_options`, and `parley_library(NAME SOURCES … DEPENDS …)`.

add_library(parley_options INTERFACE)
target_include_directories(parley_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(parley_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual
                                                -Woverloaded-virtual -Wpedantic)
# Asio: one executor type everywhere keeps the instantiations, and the build time, down.
target_compile_definitions(parley_options INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_VISIBILITY=0)
if(PARLEY_WERROR)
  target_compile_options(parley_options INTERFACE -Werror)
endif()
if(PARLEY_SANITIZE)
  # CAF's type-erased storage trips the null and vptr checks.
  target_compile_options(parley_options INTERFACE -fsanitize=address,undefined -fno-sanitize=null,vptr
                                                  -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(parley_options INTERFACE -fsanitize=address,undefined)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Asio 1.74 doesn't find clang-14's coroutines by itself.
  target_compile_definitions(parley_options INTERFACE BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_HAS_STD_COROUTINE)
endif()

# One static library per folder of cmake/rooms: what its rooms may include is what it links. LIBRARIES are those of others.
function(parley_library folder)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(parley_${folder} STATIC ${arg_SOURCES})
  parley_folders(${folder} folders)
  list(TRANSFORM folders PREPEND parley_)
  target_link_libraries(parley_${folder} PUBLIC parley_options ${folders} ${arg_LIBRARIES})
endfunction()

# parley_folders(net OUT): the folders that rooms of net/ may include from.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/cmake/rooms")
function(parley_folders folder out)
  file(STRINGS "${CMAKE_SOURCE_DIR}/cmake/rooms" rooms REGEX "^${folder}[/ ]")
  set(found "")
  foreach(room IN LISTS rooms)
    string(REGEX REPLACE "\\|.*" "" room "${room}")
    string(REGEX REPLACE "/[^ ]*" "" room "${room}")
    string(REGEX MATCHALL "[a-z]+" named "${room}")
    list(APPEND found ${named})
  endforeach()
  list(REMOVE_DUPLICATES found)
  list(REMOVE_ITEM found ${folder})
  set(${out} "${found}" PARENT_SCOPE)
endfunction()

# A CAF test program, `test_actors` for `parley_test(actors SUITES … SUPPORT …)`. Each source of SUITES has the suite that is
# named for its path, which is a test of CTest's: `actors.runs.run_log` of runs/run_log.cpp. SUPPORT are sources without one.
function(parley_test folder)
  cmake_parse_arguments(arg "" "" "SUITES;SUPPORT" ${ARGN})
  add_executable(test_${folder} main.cpp ${arg_SUITES} ${arg_SUPPORT})
  target_link_libraries(test_${folder} PRIVATE parley_options CAF::test CAF::core parley_${folder})
  foreach(source IN LISTS arg_SUITES)
    string(REGEX REPLACE "\\.cpp$" "" suite "${folder}.${source}")
    string(REPLACE "/" "." suite "${suite}")
    add_test(NAME ${suite} COMMAND test_${folder} -r 300 -n -v 4 -s "^${suite}$")
    # CAF test is content with a suite that doesn't exist. A check that fails prints its values at verbosity 4.
    set_tests_properties(
      ${suite} PROPERTIES TIMEOUT 300 FAIL_REGULAR_EXPRESSION "suites:  0\\n" ENVIRONMENT
                          "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/leaks.supp:print_suppressions=0")
  endforeach()
endfunction()
