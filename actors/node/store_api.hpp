#pragma once
// What actors ask of the store, and the actor that carries it out (`persistence/persistence.hpp`).

#include "actors/node/error.hpp"
#include "core/store_request.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

namespace parley {

/// Is the store there?
struct store_health {};

/// From persistence, once it is true: an answer that waited in the spool is in the store. As it is stored: an attempt of its
/// own, marked `recovered`, if the session had gone on without it.
struct answer_unspooled {
  message answer;
};

using unspooled_listener = caf::typed_actor<caf::reacts_to<answer_unspooled>>;

/// Who shall hear of that.
struct report_unspooled {
  unspooled_listener to;
};

/// From a session: a vote that counts is stored.
struct votes_changed {};

using vote_listener = caf::typed_actor<caf::reacts_to<votes_changed>>;

using persistence_actor = caf::typed_actor<
  // writes, durable when answered
  caf::replies_to<create_session>::with<store_written>, //
  caf::replies_to<open_session>::with<opened_session>,
  caf::replies_to<append_messages>::with<store_written>, //
  caf::replies_to<append_checkpoint>::with<store_written>,
  caf::replies_to<store_answer>::with<store_written>,   //
  caf::replies_to<update_session>::with<store_written>, //
  caf::replies_to<record_vote>::with<store_written>, caf::replies_to<delete_session>::with<store_written>,
  // reads
  caf::replies_to<list_sessions>::with<session_page>, //
  caf::replies_to<find_session>::with<session>,
  caf::replies_to<find_message>::with<message>,       //
  caf::replies_to<list_messages>::with<message_page>, //
  caf::replies_to<tally_votes>::with<vote_tally>,
  // the error `store_unavailable`, or this
  caf::replies_to<store_health>::with<store_written>, caf::reacts_to<report_unspooled>>;

} // namespace parley

// Kept sorted. All of them stay within the process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::answer_unspooled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::append_checkpoint)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::append_messages)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::create_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::delete_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::find_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::find_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::list_messages)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::list_sessions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::message_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::open_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::opened_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::record_vote)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::report_unspooled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::store_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::store_health)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::store_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::tally_votes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::update_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::vote_tally)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::votes_changed)
