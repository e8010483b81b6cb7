#define CAF_SUITE persistence.postgres.pgbouncer

#include "tests/persistence/postgres/postgres_fixture.hpp"

#include <caf/test/unit_test.hpp>

namespace {

parley::test::pgbouncer& shared_bouncer() {
  static parley::test::pgbouncer one{parley::test::postgres_server::shared()};
  return one;
}

struct store_fixture : parley::test::postgres_fixture {
  store_fixture() : postgres_fixture(shared_bouncer().port()) {}
};

} // namespace

#include "tests/persistence/store_contract.hpp"
