package tapedeck.mix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.peers.Golden;
import tapedeck.transcode.picture.Area;

/// Where tiles stand.
class LayoutTest {
    private static final Area CANVAS = new Area(0, 0, 1280, 720);
    private static final List<Layout> LAYOUTS = List.of(new Layout.Grid(), new Layout.Speaker(), new Layout.Row());

    @Test
    void everyLayoutIsAsItWasLookedAt() {
        StringBuilder text = new StringBuilder();
        for (Layout layout : LAYOUTS) {
            for (int tiles : new int[] {1, 2, 3, 4, 5, 7, 12}) {
                text.append(layout.getClass().getSimpleName())
                        .append(' ')
                        .append(tiles)
                        .append('\n');
                for (Area cell : layout.place(CANVAS, tiles, tiles - 1)) {
                    text.append("  %4d %4d  %4d × %d%n".formatted(cell.x(), cell.y(), cell.width(), cell.height()));
                }
            }
        }
        Golden.check("mix/layouts", text.toString());
    }

    @Test
    void tilesStandInsideAndApartWhateverTheirNumber() {
        for (Layout layout : LAYOUTS) {
            for (int tiles = 0; tiles <= 50; tiles++) {
                List<Area> cells = layout.place(CANVAS, tiles, tiles / 2);
                assertEquals(tiles, cells.size());
                for (int i = 0; i < tiles; i++) {
                    Area cell = cells.get(i);
                    assertTrue(cell.width() > 0 && cell.height() > 0, cell.toString());
                    assertTrue(cell.x() >= 0 && cell.x() + cell.width() <= 1280, cell.toString());
                    assertTrue(cell.y() >= 0 && cell.y() + cell.height() <= 720, cell.toString());
                    assertEquals(0, cell.x() % 2 + cell.y() % 2 + cell.width() % 2, cell.toString());
                    for (Area other : cells.subList(0, i)) {
                        assertFalse(cell.intersects(other), cell + " " + other);
                    }
                }
            }
        }
    }

    @Test
    void oneAloneHasAllOfThePicture() {
        for (Layout layout : LAYOUTS) {
            assertEquals(List.of(CANVAS), layout.place(CANVAS, 1, -1));
        }
    }

    @Test
    void aDrawnLayoutHasNoPlaceForMoreThanItHas() {
        Layout drawn = new Layout.Drawn(List.of(new Area(0, 0, 100, 100), new Area(50, 50, 100, 100)));
        assertEquals(1, drawn.place(CANVAS, 1, -1).size());
        assertEquals(2, drawn.place(CANVAS, 9, -1).size());
    }

    @Test
    void aCellWithANameWaitsForItsStream() {
        Area first = new Area(0, 0, 100, 100);
        Area second = new Area(100, 0, 100, 100);
        Area third = new Area(200, 0, 100, 100);
        Layout drawn = new Layout.Drawn(List.of(first, second, third), List.of("", "Anna", ""));
        assertEquals(
                List.of(new Layout.Seated(0, first), new Layout.Seated(1, third)),
                drawn.seat(CANVAS, List.of("Boris", "Clara"), -1));
        assertEquals(
                List.of(new Layout.Seated(0, first), new Layout.Seated(2, second), new Layout.Seated(1, third)),
                drawn.seat(CANVAS, List.of("Boris", "Clara", "Anna", "David"), -1));
        assertEquals(
                List.of(new Layout.Seated(1, first), new Layout.Seated(0, second)),
                drawn.seat(CANVAS, List.of("Anna", "Anna"), -1));
    }

    @Test
    void picturesKeepTheirShape() {
        Area cell = new Area(100, 50, 640, 360);
        assertEquals(cell, cell.fit(1920, 1080));
        assertEquals(new Area(180, 50, 480, 360), cell.fit(640, 480));
        assertEquals(new Area(318, 50, 202, 360), cell.fit(720, 1280));
        assertEquals(new Area(100, 136, 640, 188), cell.fit(1700, 500));
        assertEquals(cell, cell.fit(0, 0));
        for (int width = 1; width < 300; width += 7) {
            for (int height = 1; height < 300; height += 11) {
                Area fitted = cell.fit(width, height);
                assertTrue(fitted.width() >= 2 && fitted.height() >= 2, fitted.toString());
                assertTrue(fitted.width() <= 640 && fitted.height() <= 360, fitted.toString());
                assertEquals(0, (fitted.x() | fitted.y() | fitted.width() | fitted.height()) & 1, fitted.toString());
                assertTrue(fitted.width() > 635 || fitted.height() > 355, fitted.toString());
            }
        }
    }
}
