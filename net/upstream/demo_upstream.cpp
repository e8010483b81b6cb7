#include "net/upstream/demo_upstream.hpp"

#include "core/text.hpp"
#include "net/loop/reactor.hpp"

#include <nlohmann/json.hpp>
#include <random>
#include <utility>

namespace parley::net {

namespace {

// -- who speaks, and what --------------------------------------------------------------------------------------------

struct personality {
  std::string_view name;
  /// A fast reader follows 20 words a second, models write 20 to 100 tokens.
  int words_per_second;
  std::chrono::milliseconds before_first_word;
  std::string_view thoughts;
  std::string_view greeting;
};

constexpr personality personalities[] = {
  {"demo-swift", 40, std::chrono::milliseconds{150}, "", "Quick hello from Parley's demo!"},
  {"demo-thoughtful", 20, std::chrono::milliseconds{400},
   "The user has written something, and I have no model to understand it with. The honest thing is to say so first, then to "
   "quote the message so that it is plain that it arrived, and to show how a real model is connected. ",
   "Let me answer this one calmly."},
  {"", 30, std::chrono::milliseconds{250}, "", "Hello from Parley's demo."},
};

const personality& choose_personality(std::string_view model) {
  for (auto& each : personalities)
    if (each.name.empty() || model.find(each.name) != model.npos)
      return each;
  return personalities[0];
}

constexpr std::string_view explanation =
  R"(**No model is answering here**: this text comes with the server and streams the way a real answer does.

What is real about it:

- Every word travels as an event of its own, through the same path as a provider's.
- The answer is stored: ask for the transcript, or take the stream up again where you left it.
- It can be stopped at any moment, and what came until then is kept.

To talk to a real model, set `OPENAI_API_KEY` or `ANTHROPIC_API_KEY` and start Parley again:

```sh
export OPENAI_API_KEY=...
parley serve
```

Or enter any server that speaks OpenAI's format, such as Ollama, vLLM or llama.cpp, in the configuration:

```toml
[[providers]]
name = "ollama"
kind = "openai"
base_url = "http://127.0.0.1:11434/v1"

[[models]]
id = "llama3.2"
provider = "ollama"
```

)";

constexpr std::string_view farewells[] = {
  "Until then I am glad to fill the silence.",
  "Ask again: I will say much the same, and mean it.",
  "See you with a real model.",
};

struct question {
  std::string model;
  std::string text;
};

/// A message's text: a string, or the texts among its parts.
std::string text_in(const nlohmann::json& content) {
  if (content.is_string())
    return content.get<std::string>();
  std::string text;
  for (std::size_t i = 0; content.is_array() && i < content.size(); ++i)
    if (auto& part = content[i]; part.is_object() && part.contains("text") && part["text"].is_string())
      text.append(text.empty() ? "" : "\n").append(part["text"].get<std::string>());
  return text;
}

question read_question(std::string_view request_body) {
  question result;
  auto request = nlohmann::json::parse(request_body, nullptr, false);
  if (!request.is_object())
    return result;
  result.model = request.value("model", nlohmann::json{}).is_string() ? request["model"].get<std::string>() : "";
  auto messages = request.find("messages");
  if (messages == request.end() || !messages->is_array())
    return result;
  for (auto& message : *messages)
    if (message.is_object() && message.contains("role") && message["role"] == "user" && message.contains("content"))
      result.text = text_in(message["content"]);
  return result;
}

std::string compose(const personality& who, const std::string& question, std::uint32_t seed) {
  std::string text{who.greeting};
  if (!question.empty())
    text.append(" You wrote:\n\n> ").append(title_of(question, 120));
  text.append("\n\n").append(explanation).append(farewells[seed % std::size(farewells)]);
  return text;
}

/// A word with the white space after it; in indented or blank stretches, that stretch.
std::string_view take_word(std::string_view& text) {
  auto is_space = [](char c) { return c == ' ' || c == '\n'; };
  std::size_t end = 0;
  while (end < text.size() && !is_space(text[end]))
    ++end;
  while (end < text.size() && is_space(text[end]))
    ++end;
  auto word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

// -- as a stream -----------------------------------------------------------------------------------------------------

/// FNV-1a: the same on every machine.
std::uint32_t seed_of(std::string_view bytes) {
  std::uint32_t hash = 2166136261U;
  for (unsigned char c : bytes)
    hash = (hash ^ c) * 16777619U;
  return hash;
}

class answer_writer {
public:
  answer_writer(std::string model, std::uint32_t seed, int words_per_second)
    : model_(std::move(model)), id_("demo-" + std::to_string(seed)), random_(seed), mean_(1000 / words_per_second) {}

  void say(std::chrono::milliseconds pause, const nlohmann::json& delta, const nlohmann::json& finish) {
    nlohmann::json choice = {{"index", 0}, {"delta", delta}, {"finish_reason", finish}};
    add(pause, {{"choices", nlohmann::json::array({std::move(choice)})}});
  }

  /// Word by word, each after about the mean pause: from a half to one and a half.
  void speak(std::string_view field, std::string_view text) {
    while (!text.empty()) {
      auto word = take_word(text);
      auto pause = mean_ / 2 + static_cast<int>(random_() % static_cast<std::uint32_t>(mean_ + 1));
      say(std::chrono::milliseconds{pause}, {{field, word}}, nullptr);
      ++words_;
    }
  }

  void end(std::size_t prompt_bytes) {
    add({}, {{"choices", nlohmann::json::array()},
             {"usage",
              {{"prompt_tokens", prompt_bytes / 4 + 1},
               {"completion_tokens", words_},
               {"total_tokens", prompt_bytes / 4 + 1 + words_}}}});
    parts_.back().bytes.append("data: [DONE]\n\n");
  }

  std::vector<demo_part> take() { return std::move(parts_); }

private:
  void add(std::chrono::milliseconds pause, nlohmann::json chunk) {
    chunk["id"] = id_;
    chunk["object"] = "chat.completion.chunk";
    chunk["model"] = model_;
    auto text = chunk.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    parts_.push_back({pause, "data: " + text + "\n\n"});
  }

  std::string model_;
  std::string id_;
  std::minstd_rand random_;
  int mean_;
  std::size_t words_ = 0;
  std::vector<demo_part> parts_;
};

class demo_stream : public std::enable_shared_from_this<demo_stream> {
public:
  demo_stream(reactor& loop, std::vector<demo_part> parts, upstream_handler& handler)
    : parts_(std::move(parts)), handler_(&handler), timer_(loop, [this] { go_on(); }) {
    timer_.set(steady::now());
  }

  void cancel() {
    handler_ = nullptr;
    timer_.cancel();
  }

private:
  /// Each callback may end in `cancel`, and in the end of all that holds this.
  void go_on() {
    auto self = shared_from_this();
    if (!std::exchange(begun_, true)) {
      handler_->connected();
      if (handler_)
        handler_->responded(200, 0);
    } else {
      handler_->received(parts_.at(at_++).bytes);
    }
    if (!handler_)
      return;
    if (at_ == parts_.size())
      return std::exchange(handler_, nullptr)->ended();
    timer_.set(steady::now() + parts_[at_].pause);
  }

  const std::vector<demo_part> parts_;
  std::size_t at_ = 0;
  /// The response's head was told.
  bool begun_ = false;
  /// Null once it has ended or was cancelled.
  upstream_handler* handler_;
  loop_timer timer_;
};

class demo_call final : public upstream_call {
public:
  explicit demo_call(std::shared_ptr<demo_stream> made) : stream_(std::move(made)) {}
  ~demo_call() override { stream_->cancel(); }
  demo_call(const demo_call&) = delete;
  demo_call& operator=(const demo_call&) = delete;

private:
  std::shared_ptr<demo_stream> stream_;
};

} // namespace

std::vector<demo_part> demo_answer(std::string_view request_body) {
  auto asked = read_question(request_body);
  auto& who = choose_personality(asked.model);
  auto seed = seed_of(request_body);
  answer_writer writer{asked.model, seed, who.words_per_second};
  writer.say(who.before_first_word, {{"role", "assistant"}, {"content", ""}}, nullptr);
  writer.speak("reasoning_content", who.thoughts);
  writer.speak("content", compose(who, asked.text, seed));
  writer.say({}, nlohmann::json::object(), "stop");
  writer.end(asked.text.size());
  return writer.take();
}

std::unique_ptr<upstream_call> call_demo(reactor& loop, const wire::upstream_request& what, upstream_handler& handler) {
  return std::make_unique<demo_call>(std::make_shared<demo_stream>(loop, demo_answer(what.body), handler));
}

} // namespace parley::net
