package tapedeck.container;

/// How a file is brought to its end.
///
/// @param index where its index goes, if the format can choose
/// @param room makes room for it
public record FinishOptions(IndexPlace index, FileRoom room) {
    /// In front if the file has reserved enough for it.
    public static final FinishOptions DEFAULT = new FinishOptions(IndexPlace.FRONT, FileRoom.NONE);
}
