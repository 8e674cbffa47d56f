//! A process that dies between two steps of a write: whoever comes after finishes it.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use super::{Store, lines, ok, put, spec, table};

/// Steps that are tried at most; few writes take as many.
const MOST: usize = 200;

/// A future that is dropped after a number of steps.
struct Crash<'a, T> {
    work: Pin<&'a mut (dyn Future<Output = T> + Send)>,
    left: usize,
}

impl<T> Future for Crash<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        match self.work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.left == 0 => Poll::Ready(None),
            Poll::Pending => {
                self.left -= 1;
                Poll::Pending
            }
        }
    }
}

/// Whatever the step, the next process brings everything to where it belongs.
pub(super) async fn at_each_step<S: Store>(fresh: &impl AsyncFn() -> S) {
    let first = table(&[&["ID", "Status"], &["a", "open"], &["b", "open"]]);
    let second = table(&[&["ID", "Status"], &["b", "paid"], &["c", "open"]]);
    for step in 0..MOST {
        let store = fresh().await;
        put(&*store.sink(), &first, &spec()).await;
        let sink = store.sink();
        let plan = ok(sink.plan(&second, &spec()).await, "a table cannot be planned");
        let finished = {
            let work = pin!(sink.apply(&plan));
            Crash { work, left: step }.await.is_some()
        };
        drop(sink);
        put(&*store.sink(), &second, &spec()).await;
        let expected = ["ID|Status", "a|open", "b|paid", "c|open"];
        assert_eq!(lines(&store).await, expected, "after a crash at step {step}");
        if finished {
            return;
        }
    }
}
