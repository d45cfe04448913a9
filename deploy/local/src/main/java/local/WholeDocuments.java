package local;

import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.h2.H2Collection;
import de.bwaldvogel.mongo.bson.Document;
import java.util.stream.Stream;
import org.h2.mvstore.MVMap;

/**
 * A collection that changes no document in place: an update writes a new one, so that whoever still reads the former,
 * to answer with it or to lay it down in the file, has all of it.
 *
 * <p>The parent's updates put members one by one into the very document that they found. They find copies here; these
 * share their values, which an update replaces and never changes.
 */
final class WholeDocuments extends H2Collection {

    private final MVMap<Object, Document> documents;

    WholeDocuments(
            MongoDatabase database,
            String name,
            CollectionOptions options,
            MVMap<Object, Document> documents,
            MVMap<String, Object> meta,
            CursorRegistry cursors) {
        super(database, name, options, documents, meta, cursors);
        this.documents = documents;
    }

    @Override
    protected Document getDocument(Object position) {
        Document kept = super.getDocument(position);
        return kept == null ? null : kept.clone();
    }

    /** Without an index. What is found newest first is not copied: nothing that is updated is found so. */
    @Override
    protected QueryResult matchDocuments(
            Document query, Document order, int skip, int limit, int batch, Document projection) {
        if (isNaturalDescending(order)) {
            return super.matchDocuments(query, order, skip, limit, batch, projection);
        }
        Stream<Document> found = documents.values().stream().filter(one -> documentMatchesQuery(one, query));
        return matchDocumentsFromStream(found.map(Document::clone), query, order, skip, limit, batch, projection);
    }
}
