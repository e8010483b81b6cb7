#include "persistence/write_weight.hpp"

namespace parley::persistence {

namespace {

std::size_t weight(const session& what) {
  return sizeof what + what.title.size() + what.system_prompt.size();
}

std::size_t weight(const message& what) {
  auto result = sizeof what + what.content.size() + what.reasoning.size();
  for (auto& call : what.tool_calls)
    result += sizeof call + call.id.size() + call.name.size() + call.arguments.size();
  return result + what.stretches.size() * sizeof(answer_stretch);
}

} // namespace

std::size_t weight(const create_session& what) {
  return weight(what.made);
}

std::size_t weight(const open_session&) {
  return sizeof(store_write);
}

std::size_t weight(const append_messages& what) {
  std::size_t result = what.changed ? weight(*what.changed) : sizeof(store_write);
  for (auto& added : what.added)
    result += weight(added);
  return result;
}

std::size_t weight(const append_checkpoint& what) {
  return sizeof(store_write) + what.content.size() + what.reasoning.size();
}

std::size_t weight(const store_answer& what) {
  return weight(what.answer);
}

std::size_t weight(const update_session& what) {
  return weight(what.changed);
}

std::size_t weight(const record_vote&) {
  return sizeof(store_write);
}

std::size_t weight(const delete_session&) {
  return sizeof(store_write);
}

} // namespace parley::persistence
