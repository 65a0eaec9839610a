#include "engine/drive/entities.hpp"

#include "base/shown.hpp"
#include "base/users_exception.hpp"

namespace stet { inline namespace v0 { namespace detail {

const definition* entities::find(std::string_view id) const {
  auto slash = id.find('/');
  if (slash == std::string_view::npos) return nullptr;
  auto* found = services_.definitions.newest(id.substr(0, slash));
  bool is_one = found && !call_user([&] { return found->body->new_arguments(); }).empty();
  return is_one ? found->body.get() : nullptr;
}

bool entities::answer_as_new(run_ref target, std::string_view query, std::string_view arguments,
                             std::string& out) {
  auto* d = find(target.id);
  return d && !runs_.table.latest(target.name_space, target.id) &&
         call_user([&] { return d->answer_new(query, arguments, out); });
}

void entities::must_not_have_failed(const resident& entity) const {
  auto& s = entity.state;
  if (s.status != status::failed || !find(s.id)) return;
  throw error(
      errc::run_ended, s.id,
      "the entity " + shown(s.id) + " has failed: " + runs_.texts.outcome(s) +
          "; what its state was is in its history. admin::erase lets it begin anew, and "
          "engine::start of its workflow, with id_reuse::allow, with a state that you give");
}

std::string entities::why_not_cancelled(const run_state& s) const {
  auto* found = s.open() ? services_.definitions.newest(s.workflow) : nullptr;
  if (!found || !found->body->is_entity()) return {};
  return "the run " + shown(s.id) + " is an entity, and can't be cancelled: its state would be " +
         "lost. engine::terminate ends it with its state; an update of its own can clear the state";
}

}}}  // namespace stet::v0::detail
