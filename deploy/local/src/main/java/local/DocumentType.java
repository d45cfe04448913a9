package local;

import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.bson.BsonDecoder;
import de.bwaldvogel.mongo.wire.bson.BsonEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import org.h2.mvstore.WriteBuffer;
import org.h2.mvstore.type.BasicDataType;

/**
 * Documents as BSON, the form in which they come and go; H2's own type serializes them as Java objects, at many times
 * the cost, and a commit writes every document of every page that changed.
 */
final class DocumentType extends BasicDataType<Document> {

    private static final int BYTES_PER_MEMBER = 80;

    /** Kept, because a buffer of its own for each document was a quarter of all that a busy database allocated. */
    private static final ThreadLocal<ByteBuf> ENCODED = ThreadLocal.withInitial(Unpooled::buffer);

    /** An estimate: it decides how many documents share a page. */
    @Override
    public int getMemory(Document document) {
        return BYTES_PER_MEMBER * (1 + members(document));
    }

    @Override
    public void write(WriteBuffer buffer, Document document) {
        ByteBuf encoded = ENCODED.get().clear();
        BsonEncoder.encodeDocument(document, encoded);
        buffer.put(encoded.nioBuffer());
    }

    @Override
    public Document read(ByteBuffer buffer) {
        ByteBuf encoded = Unpooled.wrappedBuffer(buffer);
        Document document = BsonDecoder.decodeBson(encoded);
        buffer.position(buffer.position() + encoded.readerIndex());
        return document;
    }

    @Override
    public Document[] createStorage(int size) {
        return new Document[size];
    }

    private static int members(Document document) {
        int members = document.size();
        for (Object value : document.values()) {
            if (value instanceof Document inner) {
                members += members(inner);
            } else if (value instanceof java.util.Collection<?> list) {
                members += 4 * list.size();
            }
        }
        return members;
    }
}
