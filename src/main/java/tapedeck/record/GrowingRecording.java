package tapedeck.record;

import java.nio.file.Path;

/// A file that is being written.
///
/// @param fileName the name it will have, as in [ActiveRecording]
/// @param path where it is meanwhile
public record GrowingRecording(String fileName, Path path) {}
