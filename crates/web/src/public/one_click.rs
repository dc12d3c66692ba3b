//! The body of a one-click unsubscribe (RFC 8058 §3.2).

/// Whether a body asks for it: the pair `List-Unsubscribe=One-Click`, in either encoding of a form.
///
/// The body alone decides. Mailbox providers leave out or mangle `Content-Type` and add fields of their own.
pub(super) fn is_asked_by(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    in_pairs(&body) || in_parts(&body)
}

/// `application/x-www-form-urlencoded`; text/plain forms put each pair on a line of its own.
fn in_pairs(body: &str) -> bool {
    body.split(['&', '\n'])
        .any(|pair| url::form_urlencoded::parse(pair.trim().as_bytes()).any(|(name, value)| is_the_pair(&name, &value)))
}

/// `multipart/form-data` (RFC 7578): parts between lines that begin with the boundary, which the first line shows.
fn in_parts(body: &str) -> bool {
    let Some(boundary) = body.trim_start().lines().next().map(str::trim_end).filter(|line| line.starts_with("--"))
    else {
        return false;
    };
    body.split(boundary).any(|part| {
        let part = part.replace("\r\n", "\n");
        let Some((head, value)) = part.trim_start_matches('\n').split_once("\n\n") else { return false };
        head.lines().filter_map(name_of).any(|name| is_the_pair(name, value))
    })
}

/// The field's name in a line such as `Content-Disposition: form-data; name="List-Unsubscribe"`.
fn name_of(line: &str) -> Option<&str> {
    let (header, value) = line.split_once(':')?;
    if !header.trim().eq_ignore_ascii_case("content-disposition") {
        return None;
    }
    let (_, name) = value.split_once("name=")?;
    name.split(';').next().map(|name| name.trim().trim_matches('"'))
}

fn is_the_pair(name: &str, value: &str) -> bool {
    name.trim().eq_ignore_ascii_case("list-unsubscribe") && value.trim().eq_ignore_ascii_case("one-click")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_encodings_ask() {
        assert!(is_asked_by(b"List-Unsubscribe=One-Click"));
        assert!(is_asked_by(b"x=1&List-Unsubscribe=One-Click&y=2"));
        assert!(is_asked_by(b"List%2DUnsubscribe=One%2DClick\r\n"));
        let multipart = "--b0undary\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b0undary--\r\n";
        assert!(is_asked_by(multipart.as_bytes()));
        assert!(is_asked_by(multipart.replace("\r\n", "\n").as_bytes()));
        let second = format!("--b0undary\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n{multipart}");
        assert!(is_asked_by(second.as_bytes()));
    }

    #[test]
    fn other_bodies_do_not() {
        for body in ["", "List-Unsubscribe", "List-Unsubscribe=", "act=leave", "--", "--\r\n\r\nOne-Click", "One-Click"]
        {
            assert!(!is_asked_by(body.as_bytes()), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(body: Vec<u8>) {
            is_asked_by(&body);
        }

        #[test]
        fn is_found_whatever_stands_around_it(before in "[a-z]{1,8}=[a-z]{0,8}", after in "[a-z]{1,8}=[a-z]{0,8}") {
            let body = format!("{before}&List-Unsubscribe=One-Click&{after}");
            prop_assert!(is_asked_by(body.as_bytes()));
        }
    }
}
