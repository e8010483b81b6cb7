# Turns a folder of files into a source: cmake -D DIST=web/dist -D OUTPUT=page_files.cpp -D FUNCTION=page_files -P EmbedPage.cmake
# The function, declared in net/api/page_files.hpp, then has them all. Each file goes in as it is and, where that saves something, compressed: the server then answers without computing anything.

set(types
    html "text/html\; charset=utf-8"
    js "text/javascript\; charset=utf-8"
    json "application/json"
    css "text/css\; charset=utf-8"
    svg "image/svg+xml"
    txt "text/plain\; charset=utf-8"
    woff2 "font/woff2")

# A string literal of the file's bytes. Every byte is escaped, so that none can run into the next.
function(read_literal file out)
  file(READ "${file}" hex HEX)
  if(file MATCHES "\\.gz$")
    # The time in gzip's header (RFC 1952, section 2.3) would make each build another one.
    string(SUBSTRING "${hex}" 0 8 before)
    string(SUBSTRING "${hex}" 16 -1 behind)
    set(hex "${before}00000000${behind}")
  endif()
  string(REGEX REPLACE "(..)" "\\\\x\\1" escaped "${hex}")
  set(${out} "\"${escaped}\"sv" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE files RELATIVE "${DIST}" "${DIST}/*")
list(SORT files)
set(entries "")
foreach(name IN LISTS files)
  get_filename_component(ending "${name}" LAST_EXT)
  string(SUBSTRING "${ending}" 1 -1 ending)
  list(FIND types "${ending}" at)
  set(type "application/octet-stream")
  if(NOT at EQUAL -1)
    math(EXPR at "${at} + 1")
    list(GET types ${at} type)
  endif()

  file(SHA256 "${DIST}/${name}" hash)
  string(SUBSTRING "${hash}" 0 16 hash)
  read_literal("${DIST}/${name}" bytes)
  set(compressed "\"\"sv")
  if(NOT ending STREQUAL "woff2") # a font is compressed by itself
    set(gz "${OUTPUT}.${hash}.gz")
    file(ARCHIVE_CREATE OUTPUT "${gz}" PATHS "${DIST}/${name}" FORMAT raw COMPRESSION GZip COMPRESSION_LEVEL 9)
    file(SIZE "${DIST}/${name}" size)
    file(SIZE "${gz}" gz_size)
    if(gz_size LESS size)
      read_literal("${gz}" compressed)
    endif()
    file(REMOVE "${gz}")
  endif()
  string(APPEND entries "  {\"/${name}\"sv, \"${type}\"sv, \"${hash}\"sv,\n   ${bytes},\n   ${compressed}},\n")
endforeach()

set(definition "  return {};")
if(entries)
  set(definition "  return files;")
  set(entries "namespace {\n\nconstexpr page_file files[] = {\n${entries}};\n\n} // namespace\n\n")
endif()
file(
  WRITE "${OUTPUT}.new"
  "// Made by cmake/EmbedPage.cmake.\n#include \"net/api/page_files.hpp\"\n\nnamespace parley::net {\n\n"
  "using namespace std::string_view_literals;\n\n${entries}std::span<const page_file> ${FUNCTION}() {\n${definition}\n}\n\n"
  "} // namespace parley::net\n")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
