// Serves the code under test: called by value from another process.
//
// Rule 1: whatever happens here, only values come of it: the test decides elsewhere.
mod hg_serve {
    use super::hg_wire::{receive, send, words, Put, Take};
    use std::panic::{catch_unwind, AssertUnwindSafe};

    pub fn run(perform: fn(&str, &mut &[u8], &mut Vec<u8>) -> Option<()>) {
        while let Ok(body) = receive() {
            let mut answer = vec![0u8];
            let done = catch_unwind(AssertUnwindSafe(|| {
                let mut from = &body[..];
                let name = String::take(&mut from)?;
                perform(&name, &mut from, &mut answer)
            }));
            if let Err(panic) = &done {
                answer = vec![1u8];
                words(panic.as_ref()).put(&mut answer);
            }
            if done.is_ok_and(|it| it.is_none()) || send(&answer).is_err() {
                break;
            }
        }
    }
}
