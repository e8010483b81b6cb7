#define CAF_SUITE core
#include <caf/test/unit_test_impl.hpp>
