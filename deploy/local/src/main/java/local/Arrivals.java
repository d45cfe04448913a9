package local;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.type.ObjectDataType;

/**
 * Positions by hashes they came with, in the order in which they came.
 *
 * <p>It lives in memory alone, so that a write costs the file nothing. A hash takes four bytes, and a position as many
 * as its text, once for as long as the same one comes. A look-up reads all hashes, a million in some milliseconds, and
 * the positions of those blocks alone in which it found one. Nothing is taken out: whoever looks a position up sees
 * what lies there now.
 */
final class Arrivals {

    private static final int BLOCK = 1_024;
    private static final byte ANOTHER = 0;
    private static final byte THE_SAME = 1;
    private static final ObjectDataType TEXTS = new ObjectDataType();

    /** So many hashes, and behind each other what they came with. */
    private record Block(int[] hashes, byte[] positions) {}

    private final List<Block> full = new ArrayList<>();
    private final int[] hashes = new int[BLOCK];
    private final WriteBuffer positions = new WriteBuffer();
    private int count;
    private Object last;

    synchronized void add(int hash, Object position) {
        if (count == BLOCK) {
            full.add(newest());
            startBlock();
        }
        boolean repeated = position.equals(last);
        positions.put(repeated ? THE_SAME : ANOTHER);
        if (!repeated) {
            TEXTS.write(positions, position);
            last = position;
        }
        hashes[count++] = hash;
    }

    /** The positions that ever came with one of these hashes. */
    synchronized Set<Object> find(int[] wanted) {
        Set<Object> found = new LinkedHashSet<>();
        full.forEach(block -> collect(block, wanted, found));
        collect(newest(), wanted, found);
        return found;
    }

    private void startBlock() {
        positions.clear();
        count = 0;
        last = null;
    }

    private Block newest() {
        byte[] written = Arrays.copyOf(positions.getBuffer().array(), positions.position());
        return new Block(Arrays.copyOf(hashes, count), written);
    }

    private static void collect(Block block, int[] wanted, Set<Object> found) {
        for (int hash : block.hashes) {
            if (contains(wanted, hash)) {
                decode(block, wanted, found);
                return;
            }
        }
    }

    private static void decode(Block block, int[] wanted, Set<Object> found) {
        ByteBuffer written = ByteBuffer.wrap(block.positions);
        Object position = null;
        for (int hash : block.hashes) {
            position = written.get() == THE_SAME ? position : TEXTS.read(written);
            if (contains(wanted, hash)) {
                found.add(position);
            }
        }
    }

    private static boolean contains(int[] hashes, int wanted) {
        for (int hash : hashes) {
            if (hash == wanted) {
                return true;
            }
        }
        return false;
    }
}
