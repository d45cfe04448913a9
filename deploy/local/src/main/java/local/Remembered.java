package local;

import de.bwaldvogel.mongo.bson.Document;
import org.h2.mvstore.MVMap;

/** What is kept of one collection in memory, for its indexes. */
record Remembered(MVMap<Object, Document> documents, HashedFields hashed, SparseFields sparse) {

    static Remembered of(MVMap<Object, Document> documents) {
        return new Remembered(documents, new HashedFields(documents), new SparseFields(documents));
    }

    /** Take in what a file has: all of it is read once. */
    void fill() {
        documents.forEach((position, document) -> {
            hashed.addAll(document, position);
            sparse.addAll(document, position);
        });
    }
}
