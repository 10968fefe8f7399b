package tapedeck.container;

/// Where a finished file has its index, in a format that can have it in either place.
public enum IndexPlace {
    /// A player that reads from the start can begin at once.
    FRONT,
    END
}
