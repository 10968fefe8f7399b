package tapedeck.mix;

import java.util.function.Predicate;
import tapedeck.peers.Await;

/// Waits for the queue of mixes.
final class MixWait {
    private MixWait() {}

    /// Until its database is open.
    static void untilOpen(MixJobs jobs) {
        Await.await("the database", () -> {
            try {
                jobs.all();
                return true;
            } catch (QueueAwayException _) {
                return false;
            }
        });
    }

    static MixJob job(MixJobs jobs, String id) {
        try {
            return jobs.all().stream()
                    .filter(job -> job.id().equals(id))
                    .findFirst()
                    .orElseThrow();
        } catch (QueueAwayException e) {
            throw new AssertionError(e);
        }
    }

    static MixJob until(MixJobs jobs, String id, Predicate<MixJob> condition) {
        Await.await("the mix", () -> condition.test(job(jobs, id)));
        return job(jobs, id);
    }
}
