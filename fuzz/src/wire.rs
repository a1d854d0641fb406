//! Protobuf messages from a text, every length right.

/// The messages that some lines describe, each after its length: `{` starts one, `N{` a message in field N, `}` ends
/// both; `N:TEXT` is a text in field N, `N=NUMBER` a number. What is still open at the end is ended.
#[must_use]
pub fn messages_of_text(text: &[u8]) -> Vec<u8> {
    let mut messages = Vec::new();
    // Field and bytes of each message that is open, the outermost first.
    let mut open: Vec<(u64, Vec<u8>)> = Vec::new();
    let lines = text.split(|byte| *byte == b'\n');
    for line in lines.chain(std::iter::repeat_n(&b"}"[..], text.len())) {
        let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let field = number(&line[..digits]);
        match (&line[digits..], open.last_mut()) {
            (b"{", _) => open.push((field, Vec::new())),
            (b"}", _) => {
                let Some((field, bytes)) = open.pop() else { continue };
                match open.last_mut() {
                    Some((_, outer)) => put_bytes(outer, field, &bytes),
                    None => {
                        put_number(&mut messages, bytes.len() as u64);
                        messages.extend_from_slice(&bytes);
                    }
                }
            }
            ([b':', text @ ..], Some((_, message))) => put_bytes(message, field, text),
            ([b'=', digits @ ..], Some((_, message))) => {
                put_number(message, field << 3);
                put_number(message, number(digits));
            }
            _ => {}
        }
    }
    messages
}

fn number(digits: &[u8]) -> u64 {
    std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

fn put_bytes(message: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_number(message, field << 3 | 2);
    put_number(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn put_number(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        message.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}
