package tapedeck.record;

import java.util.function.Consumer;
import tapedeck.settings.Settings;
import tapedeck.stream.ByteBudget;
import tapedeck.stream.Renditions;

/// What all recordings share.
///
/// @param backlog bytes that may wait for the disk, of all recordings together
/// @param events told what happens to every file; takes no time
/// @param renditions where sound that a file cannot have is converted
record Studio(
        Settings.Recording settings,
        Journals journals,
        Finisher finisher,
        DiskGuard guard,
        IndexRoom indexRoom,
        ByteBudget backlog,
        Consumer<FileEvent> events,
        Renditions renditions) {}
