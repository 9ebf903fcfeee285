# find_package(sluss-schema) -> sluss::schema, with what it stands on.
include(CMakeFindDependencyMacro)
find_dependency(PkgConfig)
foreach(module libpcre2-8 libidn2 libcrypto)
  string(MAKE_C_IDENTIFIER ${module} name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
endforeach()
include(${CMAKE_CURRENT_LIST_DIR}/sluss-schema.cmake)
