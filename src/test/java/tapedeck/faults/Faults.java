package tapedeck.faults;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.opentest4j.TestAbortedException;

/// All faults by name. `./check` makes each a short time ([FaultsTest]), `bench/faults NAME [ROUNDS]` a longer one.
enum Faults {
    KILL(
            "F1: kill -9 under 50 recordings by RTMP, WHIP, RTSP and TS in all containers; a round is one kill",
            3,
            20,
            Kill::run),
    FINISH_KILL("F2: kill -9 while files are finished; a round is eight files", 2, 40, FinishKill::run),
    HOOKS("F11: hooks that hang, flood, die and leave daemons", 1, 1, HookFaults::run),
    FREEZE("F4: SIGSTOP and SIGCONT; rounds are 5, 30 and 120 s", 1, 3, Freeze::run),
    POWER_CUT("F3: a copy of the live disk image is what a power cut leaves; a round is one cut", 2, 30, PowerCut::run),
    DISK_FULL("F5: 64 MB fill up under ten recordings", 1, 5, DiskFull::run),
    DISK_ERRORS("F6: EIO and ENOSPC in 1 % and 10 % of writes; a round is one kind of error", 2, 6, DiskErrors::run),
    DISK_SLOW("F7: a disk of 2 MB/s under 5 MB/s; a round is ten seconds", 1, 6, DiskSlow::run),
    DISK_GONE("F8: read-only, folder removed, right to write lost; a round is one of them", 2, 3, DiskGone::run),
    CLOCK("C1: the wall clock is set while recordings go on; a round is +1 h, -1 h, 1970, 2038", 1, 3, Clock::run),
    WRAP("C2: timestamps that wrap", 1, 1, Timestamps::wrap),
    JUMPS("C3: timestamps that jump", 1, 1, Timestamps::jumps),
    LATE("C5: tracks that begin late, or never", 1, 1, Timestamps::late),
    RANGES("M10: odd ranges and cuts; a round is 100 cuts at once", 1, 10, Ranges::run),
    LOSS("N1: 5 % loss in both directions, RTT 80 ms; a round is a minute", 1, 5, NetworkLoss::five),
    HEAVY_LOSS("N2: 10 % loss; a round is a minute", 1, 5, NetworkLoss::ten),
    BURSTS("N2: bursts of loss, Gilbert 1 % and 10 %; a round is a minute", 1, 5, NetworkLoss::bursts),
    BAD_TIME("N2: 20 % loss for 10 s; a round is a minute behind it", 1, 1, NetworkLoss::twenty),
    JITTER("N3: jitter, reordering, duplicates; a round is a minute", 1, 5, NetworkLoss::jitter),
    MOVES("N9: addresses change in mid-session; a round is two moves", 1, 10, NetworkChange::moves),
    OUTAGE("N9: no network for 5 s, and then for good", 1, 1, NetworkChange::outage),
    RESTARTS("N9: ICE restarts; a round is two", 1, 10, NetworkPaths::restarts),
    CANDIDATES("N9: a second candidate is checked, nominated, left", 1, 1, NetworkPaths::candidates),
    TCP("N9: a network that lets only TCP pass", 1, 1, NetworkPaths::tcp),
    SMALL_DATAGRAMS("N10: nothing above 572 bytes passes", 1, 1, NetworkChange::smallDatagrams),
    FLIGHTS("N11: flights of the DTLS handshake lost once and twice", 1, 1, NetworkChange::flights),
    NARROW("N8: 1 Mbit/s for a stream of 3 Mbit/s, by WHEP and RTMP; a round is ten seconds", 1, 6, Narrow::run),
    JUNK("M7: 20,000 junk datagrams a second; a round is ten seconds", 1, 6, Floods::junk),
    FLOOD("M8: an authentic peer sends ten times too much; a round is ten seconds", 1, 6, Floods::authentic),
    STRAY("M7: what begins every protocol, to every UDP port; a round is each once", 1, 5, StrayDatagrams::run),
    SILENT("N6: publishers that fall silent, over all protocols; a round is one silence", 1, 5, StalledPublishers::run),
    STOPPED("N6, N7: players that are stopped for 12 s; a round is one stop", 1, 5, StalledPlayers::run),
    SLOW("M6: one byte in 5 s at every TCP port; a round is 100 connections at each", 1, 20, Slow::run),
    LIES("M9: pictures that are not what they seem; a round is ten seconds", 1, 6, Lies::run),
    PUBLISHERS("L3: 50 WHIP publishers of 600 kbit/s; a round is ten seconds", 1, 6, Crowd::publishers),
    VIEWERS("L5: 100 WHEP viewers come in one second; a round is one crowd", 1, 5, Crowd::viewers),
    DELAY("Chromium to Chromium, glass to glass; a round is four minutes", 1, 1, Calls::delay),
    BROWSERS("browsers watch each other with sound; a round is a minute", 1, 10, Calls::browsers),
    MIXES("M13: tracks missing, corrupt, of all rates; workers killed; a round is one killed mix", 1, 10, Mixes::run),
    CALL("L7: eight people in one file, mixed; a round is ten minutes of them", 0, 6, LongCall::run),
    STORM("M12: 500 starts and stops of one stream at once", 1, 10, Storm::run);

    private static final int EXIT_SKIPPED = 75;

    @FunctionalInterface
    private interface Fault {
        void run(Trial trial) throws Exception;
    }

    private final String what;
    private final int shortRounds;
    private final int usualRounds;
    private final Fault fault;

    Faults(String what, int shortRounds, int usualRounds, Fault fault) {
        this.what = what;
        this.shortRounds = shortRounds;
        this.usualRounds = usualRounds;
        this.fault = fault;
    }

    private String title() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// As in `./check`.
    void runShortly(Path dir) throws Exception {
        fault.run(Trial.of(title(), dir, shortRounds, false));
    }

    private void run(int rounds) throws Exception {
        Path dir = Files.createTempDirectory("tapedeck-faults-");
        // What comes next may take minutes.
        System.out.printf("fault %-12s begins: %d of: %s%n", title(), rounds, what);
        try {
            fault.run(Trial.of(title(), dir, rounds, true));
        } finally {
            Clip.delete(dir);
        }
    }

    /// `NAME [ROUNDS]`, or nothing for the list of names.
    public static void main(String[] arguments) {
        if (arguments.length == 0) {
            for (Faults fault : values()) {
                System.out.printf("%-13s %s (%d rounds)%n", fault.title(), fault.what, fault.usualRounds);
            }
            return;
        }
        Faults chosen = Arrays.stream(values())
                .filter(fault -> fault.title().equals(arguments[0]))
                .findFirst()
                .orElse(null);
        if (chosen == null) {
            System.err.println("bench/faults: no fault " + arguments[0] + "; there are "
                    + Arrays.stream(values()).map(Faults::title).collect(Collectors.joining(" ")));
            System.exit(64);
        }
        try {
            chosen.run(arguments.length > 1 ? Integer.parseInt(arguments[1]) : chosen.usualRounds);
            System.exit(0);
        } catch (TestAbortedException e) {
            System.exit(EXIT_SKIPPED);
        } catch (Exception | AssertionError e) {
            System.out.printf("fault %-12s FAILED%n", chosen.title());
            e.printStackTrace(System.out);
            System.exit(1);
        }
    }
}
