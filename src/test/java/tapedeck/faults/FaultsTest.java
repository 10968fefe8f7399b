package tapedeck.faults;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Each fault once, shortly, against a real server process; `bench/faults` makes them for longer. What this machine
/// does not allow is skipped, and said.
@Tag("peer")
@Tag("crash")
@Timeout(600)
class FaultsTest {
    @TempDir
    private Path dir;

    @Test
    void aServerThatStandsStillGoesOn() throws Exception {
        Faults.FREEZE.runShortly(dir);
    }

    @Test
    void aPowerCutTakesNoMoreThanTheIntervalOfFsync() throws Exception {
        Faults.POWER_CUT.runShortly(dir);
    }

    @Test
    void aFullDiskStopsRecordingsAndNothingElse() throws Exception {
        Faults.DISK_FULL.runShortly(dir);
    }

    @Test
    void writesThatFailSpoilNoFile() throws Exception {
        Faults.DISK_ERRORS.runShortly(dir);
    }

    @Test
    void aSlowDiskCostsPicturesOfRecordingsAndNothingElse() throws Exception {
        Faults.DISK_SLOW.runShortly(dir);
    }

    @Test
    void aDiskThatIsGoneStopsRecordingsAndNothingElse() throws Exception {
        Faults.DISK_GONE.runShortly(dir);
    }

    @Test
    void timestampsThatWrapLeaveNoTrace() throws Exception {
        Faults.WRAP.runShortly(dir);
    }

    @Test
    void timestampsThatJumpCostAFrame() throws Exception {
        Faults.JUMPS.runShortly(dir);
    }

    @Test
    void tracksThatBeginLateStayInTheirPlace() throws Exception {
        Faults.LATE.runShortly(dir);
    }

    @Test
    void aKillTakesASecondAtMost() throws Exception {
        Faults.KILL.runShortly(dir);
    }

    @Test
    void aWallClockThatIsSetChangesNoDuration() throws Exception {
        Faults.CLOCK.runShortly(dir);
    }

    @Test
    void aStormOfStartsAndStopsLeavesNothingOpen() throws Exception {
        Faults.STORM.runShortly(dir);
    }

    @Test
    void killedWhileItFinishesNoFileIsLostOrToldTwice() throws Exception {
        Faults.FINISH_KILL.runShortly(dir);
    }

    @Test
    void hooksThatMisbehaveHarmNobody() throws Exception {
        Faults.HOOKS.runShortly(dir);
    }

    @Test
    void oddRangesAndManyCutsAreAnswered() throws Exception {
        Faults.RANGES.runShortly(dir);
    }

    @Test
    void floodsHarmNobodyElse() throws Exception {
        Faults.JUNK.runShortly(dir);
        Faults.FLOOD.runShortly(dir);
    }

    @Test
    void peersThatAreInNoHurryHaveToGo() throws Exception {
        Faults.SLOW.runShortly(dir);
    }

    @Test
    void datagramsOfStrangersTouchNothing() throws Exception {
        Faults.STRAY.runShortly(dir);
    }

    @Test
    void publishersThatFallSilentHarmNobodyElse() throws Exception {
        Faults.SILENT.runShortly(dir);
    }

    @Test
    void playersThatStandStillGoOnAtAKeyframe() throws Exception {
        Faults.STOPPED.runShortly(dir);
    }

    @Test
    void picturesThatAreNotWhatTheySeemHarmNobody() throws Exception {
        Faults.LIES.runShortly(dir);
    }

    @Test
    void aNarrowPathCostsOneViewerPicturesAndNobodyElse() throws Exception {
        Faults.NARROW.runShortly(dir);
    }

    @Test
    void aCrowdOfViewersSeesPicturesSoon() throws Exception {
        Faults.VIEWERS.runShortly(dir);
    }

    @Test
    void whateverHappensToAMixNoRecordingIsSpoilt() throws Exception {
        Faults.MIXES.runShortly(dir);
    }

    @Test
    void aCallOfEightIsMixedInSync() throws Exception {
        Faults.CALL.runShortly(dir);
    }

    /// Side by side, each with a server of its own: most of their time is waiting.
    @Test
    void badNetworksSpoilNoRecording() throws Exception {
        List<Callable<Void>> all = new ArrayList<>();
        for (Faults fault : List.of(
                Faults.OUTAGE,
                Faults.BAD_TIME,
                Faults.LOSS,
                Faults.HEAVY_LOSS,
                Faults.BURSTS,
                Faults.JITTER,
                Faults.MOVES,
                Faults.RESTARTS,
                Faults.CANDIDATES,
                Faults.TCP,
                Faults.SMALL_DATAGRAMS,
                Faults.FLIGHTS)) {
            all.add(() -> {
                fault.runShortly(dir);
                return null;
            });
        }
        try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
            for (Future<Void> one : pool.invokeAll(all)) {
                one.get();
            }
        }
    }
}
