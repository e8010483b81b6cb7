#define CAF_SUITE persistence.postgres

#include "tests/persistence/postgres_fixture.hpp"

#include <caf/test/unit_test.hpp>

namespace {

using store_fixture = parley::test::postgres_fixture;

} // namespace

#include "tests/persistence/store_contract.hpp"
