#include "net/server/http_service.hpp"

#include <utility>

namespace parley::net {

namespace {

class listed_place final : public connection_place {
public:
  listed_place(std::shared_ptr<http_service> service, std::size_t loop, bool refused, served_connection& who)
    : service_(std::move(service)), list_(service_->by_loop[loop]), at_(list_.insert(list_.end(), &who)), refused_(refused) {}

  ~listed_place() override {
    list_.erase(at_);
    --(refused_ ? service_->refusing : service_->open);
  }

  void hold(served_connection& who) override { *at_ = &who; }

private:
  std::shared_ptr<http_service> service_;
  std::list<served_connection*>& list_;
  std::list<served_connection*>::iterator at_;
  bool refused_;
};

} // namespace

std::unique_ptr<connection_place> take_place(std::shared_ptr<http_service> service, std::size_t loop, bool refused,
                                             served_connection& who) {
  return std::make_unique<listed_place>(std::move(service), loop, refused, who);
}

} // namespace parley::net
