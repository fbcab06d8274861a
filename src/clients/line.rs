//! A line of CLIENT LIST: `id=3 addr=127.0.0.1:50188 laddr=… fd=8 name=web age=6 idle=0 flags=N db=0 … user=default …`.
//!
//! Names and users are chosen by clients and operators, but servers allow no white space in them. The path of a Unix
//! socket, which is both `addr` and `laddr`, may contain spaces.

use super::{Client, seconds};
use crate::core::time::Millis;

/// The fields of a line.
pub struct Line<'a> {
    id: u64,
    addr: &'a [u8],
    name: &'a [u8],
    /// s since it connected.
    age: i64,
    /// s since its last interaction.
    idle: i64,
    flags: &'a [u8],
    db: i64,
    user: &'a [u8],
}

impl<'a> Line<'a> {
    /// Parses a line; `None` if a field is missing.
    pub fn read(line: &'a [u8]) -> Option<Line<'a>> {
        let (id, rest) = cut(line.strip_prefix(b"id=")?, b" addr=")?;
        let (addr, rest) = cut(rest, b" laddr=")?;
        // `laddr` is the same for a Unix socket; other addresses have no spaces.
        let rest = rest.strip_prefix(addr).unwrap_or(rest);
        let mut words = rest.split(|byte| *byte == b' ');
        // In the order of the line, which is the same on all servers.
        let mut field = |name: &[u8]| words.find_map(|word| word.strip_prefix(name));
        Some(Line {
            id: number(id)?,
            addr,
            name: field(b"name=")?,
            age: number(field(b"age=")?)?,
            idle: number(field(b"idle=")?)?,
            flags: field(b"flags=")?,
            db: number(field(b"db=")?)?,
            user: field(b"user=")?,
        })
    }

    /// The client, at the time of the line.
    pub fn client(self, now: Millis) -> Client<'a> {
        Client {
            id: self.id,
            addr: self.addr,
            name: self.name,
            user: self.user,
            db: self.db,
            connected_at: seconds(now) - self.age * 1000,
            last_interaction: seconds(now) - self.idle * 1000,
            is_internal: self.flags.iter().any(|flag| b"SM".contains(flag)),
        }
    }
}

/// What is before the first `at` in a text, and what is behind it.
fn cut<'a>(text: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let end = text.windows(at.len()).position(|part| part == at)?;
    Some((&text[..end], &text[end + at.len()..]))
}

fn number<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_700_000_100_900;

    fn read(line: &str) -> Option<Client<'_>> {
        Line::read(line.as_bytes()).map(|line| line.client(NOW))
    }

    #[test]
    fn lines_of_several_servers_are_read() {
        let redis_7_0 = "id=3 addr=127.0.0.1:50188 laddr=127.0.0.1:6379 fd=8 name=web age=6 idle=2 flags=N db=1 sub=0 psub=0 \
                         ssub=0 multi=-1 qbuf=26 qbuf-free=20448 argv-mem=10 multi-mem=0 rbs=1024 rbp=0 obl=0 oll=0 omem=0 \
                         tot-mem=22298 events=r cmd=client|list user=default redir=-1 resp=2";
        let valkey_8 = "id=3 addr=127.0.0.1:50188 laddr=127.0.0.1:6379 fd=10 name=web age=6 idle=2 flags=N capa=r db=1 \
                        sub=0 psub=0 ssub=0 multi=-1 watch=0 qbuf=0 qbuf-free=0 argv-mem=10 multi-mem=0 rbs=16384 rbp=16384 \
                        obl=0 oll=0 omem=0 tot-mem=16766 events=r cmd=client|list user=default redir=-1 resp=2 \
                        lib-name=user=root lib-ver= tot-net-in=26 tot-net-out=0 tot-cmds=0";
        for line in [redis_7_0, valkey_8] {
            let client = read(line).expect("it is whole");
            let expected = Client {
                id: 3,
                addr: b"127.0.0.1:50188",
                name: b"web",
                user: b"default",
                db: 1,
                connected_at: 1_700_000_094_000,
                last_interaction: 1_700_000_098_000,
                is_internal: false,
            };
            assert_eq!(client, expected);
        }
    }

    #[test]
    fn names_and_paths_that_look_like_fields_are_no_fields() {
        let line = "id=7 addr=/run/my redis/a=b name=x.sock:0 laddr=/run/my redis/a=b name=x.sock:0 fd=8 name=user=root age=1 idle=0 \
                    flags=U db=0 cmd=NULL user=a=b redir=-1";
        let client = read(line).expect("it is whole");
        assert_eq!(client.addr, b"/run/my redis/a=b name=x.sock:0");
        assert_eq!((client.name, client.user), (&b"user=root"[..], &b"a=b"[..]));
    }

    #[test]
    fn replicas_and_the_primary_are_internal_and_monitors_are_not() {
        for (flags, is_internal) in [
            ("N", false),
            ("P", false),
            ("O", false),
            ("xbtRBdcuAUreT", false),
            ("S", true),
            ("M", true),
            ("Mr", true),
        ] {
            let line = format!(
                "id=1 addr=a:1 laddr=b:2 fd=8 name= age=0 idle=0 flags={flags} db=0 user=(superuser)"
            );
            let client = read(&line).expect("it is whole");
            assert_eq!(client.is_internal, is_internal, "{flags}");
            assert_eq!(client.name, b"");
        }
    }

    #[test]
    fn a_clock_that_stepped_back_puts_times_ahead() {
        let line = "id=1 addr=a:1 laddr=b:2 fd=8 name= age=-5 idle=-5 flags=N db=0 user=default";
        let client = read(line).expect("it is whole");
        assert_eq!(client.connected_at, 1_700_000_105_000);
        assert_eq!(client.last_interaction, 1_700_000_105_000);
    }

    #[test]
    fn what_is_no_line_is_refused() {
        let line = "id=1 addr=a:1 laddr=b:2 fd=8 name=n age=0 idle=0 flags=N db=0 user=u";
        assert!(read(line).is_some());
        for part in [
            "id=", " addr=", " laddr=", " name=", " age=", " idle=", " flags=", " db=", " user=",
        ] {
            assert!(read(&line.replace(part, "")).is_none(), "without {part}");
        }
        for broken in [
            "",
            "id=x addr=",
            &line.replace("age=0", "age="),
            &line.replace("db=0", "db=x"),
        ] {
            assert!(read(broken).is_none(), "{broken}");
        }
    }
}
