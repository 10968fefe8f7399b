package tapedeck.record;

import java.util.List;

/// An answer of the catalogue.
///
/// @param total files that match, on all pages
/// @param totalBytes of them
public record RecordingPage(long total, long totalBytes, List<RecordingEntry> entries) {
    public RecordingPage {
        entries = List.copyOf(entries);
    }
}
