//! Everything that can be asked of a set, beside what the model answers.

use super::model::Model;
use super::property_ops::name;
use crate::core::time::Millis;
use crate::core::touch::Touch;
use crate::core::{PresenceSet, Span};

/// Compares the answers.
pub fn compare(set: &mut PresenceSet, model: &Model, now: Millis) {
    set.check();
    assert_eq!(set.len(), model.members.len(), "len");
    assert_eq!(set.peak(), model.peak, "peak");
    assert_eq!(set.is_untouched(), model.untouched);
    let newest = model.members.iter().map(|(_, touch)| touch.at).max();
    assert_eq!(set.newest(), newest, "newest");
    for moment in newest.into_iter().chain([now]) {
        // A table of few ttls tells it.
        assert!(!set.is_newest(moment) || newest == Some(moment), "{moment}");
    }
    if model.members.is_empty() {
        assert_eq!(set.empty_since(), model.empty_since);
        let is_kept = set.small().is_none();
        assert_eq!(
            is_kept,
            set.has_sessions(),
            "a table has members or sessions"
        );
    }
    for now in [now, now + 700, now.saturating_sub(300), now] {
        let online = model.count(Span::Online, now);
        assert_eq!(set.online(now), online, "online at {now}");
        for window in [1, 500, 1000, 3000] {
            let span = Span::Within(window);
            assert_eq!(set.count(span, now), model.count(span, now), "{span:?}");
        }
        let remembers = |touch: &Touch| model.remembers(*touch, now);
        let remembered = model.members.iter().filter(|(_, touch)| remembers(touch));
        assert_eq!(set.remembered(now), remembered.count(), "remembered");
    }
    compare_ends(set, model, now);
    let mut looked_up = Vec::new();
    let names: Vec<_> = (0..40).map(|i| name(i * 3)).collect();
    set.look_up(names.iter().map(Vec::as_slice), now, |name, member| {
        looked_up.push(member.map(|member| member.touch));
        let meta = member.and_then(|member| member.meta.map(<[u8]>::to_vec));
        let is_remembered = member.is_some();
        let expected = model.metadata.get(name).filter(|_| is_remembered).cloned();
        assert_eq!(meta, expected);
    });
    let known = |name: &Vec<u8>| model.get(name).filter(|touch| model.remembers(*touch, now));
    let known: Vec<_> = names.iter().map(known).collect();
    assert_eq!(looked_up, known);
    compare_sessions(set, model, &names, now);
    let mut online = Vec::new();
    set.are_online(names.iter().map(Vec::as_slice), now, |_, is_online| {
        online.push(is_online);
    });
    let is_online = |touch: &Option<Touch>| touch.is_some_and(|touch| touch.is_online(now));
    assert_eq!(online, known.iter().map(is_online).collect::<Vec<_>>());
}

fn compare_sessions(set: &PresenceSet, model: &Model, names: &[Vec<u8>], now: Millis) {
    for name in names {
        let sessions = set.sessions(name, now).into_iter();
        let sessions: Vec<_> = sessions.map(|found| (found.id, found.touch)).collect();
        assert_eq!(sessions, model.sessions_of(name, now), "sessions");
    }
}

/// When something is due, and when the key is gone.
fn compare_ends(set: &mut PresenceSet, model: &Model, now: Millis) {
    let first_due = model
        .members
        .iter()
        .map(|(_, touch)| model.due(*touch))
        .min();
    let last_due = model
        .members
        .iter()
        .map(|(_, touch)| model.due(*touch))
        .max();
    let next_session = model
        .sessions
        .iter()
        .filter(|session| !session.is_joint)
        .map(|session| session.touch.end())
        .min();
    let next_due = first_due.into_iter().chain(next_session).min();
    let awaits_first = model.untouched;
    let linger = model.settings.linger;
    let linger = linger.filter(|linger| *linger > 0 || !awaits_first);
    assert_eq!(
        set.next_due(),
        match first_due {
            Some(_) => next_due,
            None => {
                let gone = linger.map(|linger| model.empty_since + linger);
                next_due.into_iter().chain(gone).min()
            }
        }
    );
    let gone_at = linger.map(|linger| last_due.unwrap_or(model.empty_since) + linger);
    let mut leases = model.groups.iter().filter_map(|group| group.lease);
    let is_leased = leases.any(|until| until > now);
    let is_gone = gone_at.is_some_and(|at| at <= now) && !is_leased;
    assert_eq!(set.is_gone(now), is_gone);
}
