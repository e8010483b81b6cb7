#include "net/api/api_routes.hpp"

#include "net/api/handlers_anthropic.hpp"
#include "net/api/handlers_feedback.hpp"
#include "net/api/handlers_leaderboard.hpp"
#include "net/api/handlers_messages.hpp"
#include "net/api/handlers_node.hpp"
#include "net/api/handlers_openai.hpp"
#include "net/api/handlers_page.hpp"
#include "net/api/handlers_sessions.hpp"
#include "net/api/handlers_ui_chat.hpp"
#include "net/api/handlers_websocket.hpp"

namespace parley::net {

router make_routes(const api_context_ptr& api) {
  router routes{api->origins};
  // The most frequent first: routes are tried in this order.
  add_message_routes(routes, api);
  add_ui_chat_routes(routes, api);
  add_openai_routes(routes, api);
  add_anthropic_routes(routes, api);
  add_session_routes(routes, api);
  add_feedback_routes(routes, api);
  add_websocket_routes(routes, api);
  add_leaderboard_routes(routes, api);
  add_node_routes(routes, api);
  add_description_route(routes, api_description());
  add_page_routes(routes, page_files());
  return routes;
}

} // namespace parley::net
