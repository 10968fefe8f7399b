package tapedeck.peers.matrix;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What came of a stream that was published and taken.
///
/// @param cells by the name of the way out; `file` is the recording
/// @param secondsToPicture of the player that waited longest
/// @param broken why it was not played at all; "" if it was
record Row(Plan plan, Map<String, Taken> cells, double secondsToPicture, String broken) {
    static Row notPlayed(Plan plan, Throwable why) {
        return new Row(plan, Map.of(), 0, why.toString());
    }

    boolean isGood() {
        return faults().isEmpty();
    }

    /// All that should not be, cell by cell.
    List<String> faults() {
        List<String> faults = new ArrayList<>();
        if (!broken.isEmpty()) {
            faults.add("%s: %s".formatted(plan.title(), broken));
        }
        cells.forEach((out, taken) ->
                taken.faults().forEach(fault -> faults.add("%s → %s: %s".formatted(plan.title(), out, fault))));
        return faults;
    }

    /// How many cells of it failed: all of them if it was not played.
    long failedCells() {
        return broken.isEmpty()
                ? cells.values().stream().filter(taken -> !taken.isGood()).count()
                : plan.outs().size() + 1;
    }

    /// This row, and in it what `second` says of the cells that failed.
    Row mendedBy(Row second) {
        if (!broken.isEmpty()) {
            return second;
        }
        if (!second.broken.isEmpty()) {
            return this;
        }
        Map<String, Taken> better = new LinkedHashMap<>();
        cells.forEach((out, taken) -> better.put(out, taken.isGood() ? taken : second.cells.getOrDefault(out, taken)));
        return new Row(plan, better, Math.max(secondsToPicture, second.secondsToPicture), "");
    }
}
