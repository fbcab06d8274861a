//! Redis's glob patterns, as in KEYS and SCAN.
//!
//! `*` is any run of bytes, `?` any byte, `[…]` one of a class (ranges, `^` to negate), and `\` escapes the next byte.
//! Unlike a recursive matcher, this one backtracks to the last star only, so that a match takes at most (length of
//! pattern × length of text) steps.

/// Whether the whole of `text` matches.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // The position in the pattern after the last star, and in the text after what that star has matched.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at + 1, from));
            at += 1;
            continue;
        }
        let Some(&byte) = text.get(from) else {
            return at == pattern.len();
        };
        match one(&pattern[at..], byte) {
            Some(taken) => {
                at += taken;
                from += 1;
            }
            None => match &mut star {
                Some((after, taken)) => {
                    *taken += 1;
                    at = *after;
                    from = *taken;
                }
                None => return false,
            },
        }
    }
}

/// The length of the pattern's first element, if it matches this byte.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'[', class @ ..] => {
            let (matched, len) = in_class(class, byte);
            matched.then_some(1 + len)
        }
        [b'\\', literal, ..] => (*literal == byte).then_some(2),
        [literal, ..] => (*literal == byte).then_some(1),
    }
}

/// Whether a class, given without its opening bracket, contains this byte, and its length. One that is not closed ends
/// with the pattern.
fn in_class(class: &[u8], byte: u8) -> (bool, usize) {
    let negated = class.first() == Some(&b'^');
    let mut at = usize::from(negated);
    let mut found = false;
    loop {
        match &class[at..] {
            [] => break,
            [b']', ..] => {
                at += 1;
                break;
            }
            [b'\\', literal, ..] => {
                found |= *literal == byte;
                at += 2;
            }
            [low, b'-', high, ..] => {
                found |= (*low.min(high)..=*low.max(high)).contains(&byte);
                at += 3;
            }
            [literal, ..] => {
                found |= *literal == byte;
                at += 1;
            }
        }
    }
    (found != negated, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text) in [
            ("*", ""),
            ("a*", "abc"),
            ("*c", "abc"),
            ("a*c*e", "abcde"),
            ("h?llo", "hello"),
            ("h[ae]llo", "hallo"),
            ("h[^e]llo", "hallo"),
            ("h[a-c]llo", "hbllo"),
            ("h[c-a]llo", "hbllo"),
            ("a\\*c", "a*c"),
            ("[\\]]", "]"),
            ("user:*:mobile", "user:12:mobile:mobile"),
            ("", ""),
            ("[a", "a"),
        ] {
            assert!(
                matches(pattern.as_bytes(), text.as_bytes()),
                "{pattern} {text}"
            );
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("a", "A"),
            ("h[^e]llo", "hello"),
            ("h[a-c]llo", "hdllo"),
            ("a\\*c", "abc"),
            ("*x*y", "axbz"),
            ("?", ""),
        ] {
            assert!(
                !matches(pattern.as_bytes(), text.as_bytes()),
                "{pattern} {text}"
            );
        }
        assert!(matches(b"\xff*\0", b"\xff\x01\x02\0"));
    }

    #[test]
    fn many_stars_are_no_trap() {
        let pattern = [b"a*".repeat(40), b"b".to_vec()].concat();
        assert!(!matches(&pattern, &[b'a'; 20_000]));
    }
}
