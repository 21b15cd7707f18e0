namespace Mirror.Streams.Documents;

/// <summary>Small named documents that all nodes share and that outlive them: definitions of webhooks, wishes to record. Thread-safe.</summary>
/// <remarks>
/// A name is one to eight parts separated by slashes, each of 1 to 100 of the characters <c>A-Z a-z 0-9 . _ -</c>, not starting with a dot.
/// A document has 1 MiB at most.
/// </remarks>
public interface IDocuments
{
    /// <summary>Whether other nodes see the same documents.</summary>
    bool IsShared { get; }

    /// <summary>Reads a document; <see langword="null"/> if there is none.</summary>
    ValueTask<Document?> GetAsync(string name, CancellationToken cancellationToken);

    /// <summary>Writes a document as a whole.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="ifMatch">The ETag that it must have; <see cref="Document.None"/> if there must be none; <see langword="null"/> writes in any case.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The new ETag; <see langword="null"/> if somebody else wrote or removed it meanwhile.</returns>
    ValueTask<string?> PutAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellationToken);

    /// <summary>The documents whose names start with <paramref name="prefix"/>, in ordinal order of their names.</summary>
    ValueTask<IReadOnlyList<Document>> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>The names that start with <paramref name="prefix"/>, in ordinal order; reads no document.</summary>
    ValueTask<IReadOnlyList<string>> ListNamesAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Removes a document.</summary>
    /// <returns><see langword="false"/> if there was none.</returns>
    ValueTask<bool> DeleteAsync(string name, CancellationToken cancellationToken);
}

/// <summary>One document as it was read.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ETag">Names this content; changes with every write of another.</param>
/// <param name="Content">Its bytes.</param>
public sealed record Document(string Name, string ETag, ReadOnlyMemory<byte> Content)
{
    /// <summary>Stands for the absence of a document.</summary>
    public const string None = "";

    /// <summary>Largest content, in bytes.</summary>
    public const int MostBytes = 1 << 20;
}
