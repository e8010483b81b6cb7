#define CAF_SUITE net
#include <caf/test/unit_test_impl.hpp>
