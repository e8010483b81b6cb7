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

# One static library per folder. DEPENDS are the folders it may include from, and the libraries it uses.
function(parley_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC parley_options ${arg_DEPENDS})
endfunction()

# A CAF test program: `parley_test(actors SOURCES … DEPENDS …)` builds `test_actors`. Each of its suites is a test of CTest's.
function(parley_test folder)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;SUITES" ${ARGN})
  add_executable(test_${folder} ${arg_SOURCES})
  target_link_libraries(test_${folder} PRIVATE parley_options CAF::test CAF::core ${arg_DEPENDS})
  foreach(suite IN LISTS arg_SUITES)
    add_test(NAME ${suite} COMMAND test_${folder} -r 300 -n -v 4 -s "^${suite}$")
    # CAF test is content with a suite that doesn't exist. A check that fails prints its values at verbosity 4.
    set_tests_properties(
      ${suite} PROPERTIES TIMEOUT 300 FAIL_REGULAR_EXPRESSION "suites:  0\n" ENVIRONMENT
                          "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/leaks.supp:print_suppressions=0")
  endforeach()
endfunction()
