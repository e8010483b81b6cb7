#define CAF_SUITE wire
#include <caf/test/unit_test_impl.hpp>
