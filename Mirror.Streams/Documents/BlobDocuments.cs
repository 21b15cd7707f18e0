using Azure;
using Azure.Identity;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Mirror.Streams.Shared;

namespace Mirror.Streams.Documents;

/// <summary>Documents in Azure Blob Storage: a block blob each, below <see cref="Root"/> in the container that nodes share.</summary>
/// <remarks>
/// A condition on an ETag is the storage's own (If-Match, If-None-Match), so that of several nodes one wins. A call that fails is repeated for
/// <see cref="Patience"/>; a write carries a mark of its own, by which one whose answer was lost is told from somebody else's. Blobs below the
/// root that are no documents, by their names or their sizes, do not show.
/// </remarks>
/// <param name="blobs">Where the blobs are.</param>
public sealed class BlobDocuments(BlobConnection blobs) : IDocuments
{
    /// <summary>What the names of the blobs begin with.</summary>
    public const string Root = "documents/";

    private const string Mark = "write";                     // metadata: which call wrote the blob
    private const int MostAtOnce = 16;

    /// <summary>How long a call goes on trying.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <inheritdoc/>
    public bool IsShared => true;

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">The storage is away.</exception>
    public ValueTask<Document?> GetAsync(string name, CancellationToken cancellationToken)
    {
        DocumentName.ThrowIfInvalid(name);
        return new ValueTask<Document?>(RunAsync(token => ReadAsync(name, token), cancellationToken));
    }

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">The storage is away: whether the document was written is not known.</exception>
    public ValueTask<string?> PutAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellationToken)
    {
        DocumentName.ThrowIfInvalid(name);
        if (content.Length > Document.MostBytes) { throw new ArgumentException($"A document has {Document.MostBytes} bytes at most.", nameof(content)); }
        string mark = Guid.NewGuid().ToString("N");
        return new ValueTask<string?>(RunAsync(async token =>
        {
            try { return await WriteAsync(name, content, ifMatch, mark, token); }
            catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.ContainerNotFound)
            {
                blobs.ForgetContainer();
                await blobs.EnsureContainerAsync(token);
                return await WriteAsync(name, content, ifMatch, mark, token);
            }
        }, cancellationToken));
    }

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">The storage is away.</exception>
    public ValueTask<IReadOnlyList<Document>> ListAsync(string prefix, CancellationToken cancellationToken)
        => new(RunAsync(token => ReadAllAsync(prefix, token), cancellationToken));

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">The storage is away.</exception>
    public ValueTask<IReadOnlyList<string>> ListNamesAsync(string prefix, CancellationToken cancellationToken)
        => new(RunAsync<IReadOnlyList<string>>(async token => await FindNamesAsync(prefix, token), cancellationToken));

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">The storage is away: whether the document was removed is not known.</exception>
    public ValueTask<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        DocumentName.ThrowIfInvalid(name);
        return new ValueTask<bool>(RunAsync(async token =>
        {
            try { return (await BlobOf(name).DeleteIfExistsAsync(cancellationToken: token)).Value; }
            catch (RequestFailedException missing) when (missing.Status == 404) { return false; }
        }, cancellationToken));
    }

    private BlobClient BlobOf(string name) => blobs.PatientContainer.GetBlobClient(Root + name);

    private async Task<Document?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            using BlobDownloadStreamingResult answer = await BlobOf(name).DownloadStreamingAsync(cancellationToken: cancellationToken);
            if (answer.Details.ContentLength > Document.MostBytes) { return null; }
            byte[] content = new byte[answer.Details.ContentLength];
            await answer.Content.ReadExactlyAsync(content, cancellationToken);
            return new Document(name, answer.Details.ETag.ToString(), content);
        }
        catch (RequestFailedException missing) when (missing.Status == 404) { return null; }
    }

    private async Task<string?> WriteAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, string mark, CancellationToken cancellationToken)
    {
        var options = new BlobUploadOptions
        {
            Metadata = new Dictionary<string, string> { [Mark] = mark },
            Conditions = ifMatch switch
            {
                null => null,
                Document.None => new BlobRequestConditions { IfNoneMatch = ETag.All },
                _ => new BlobRequestConditions { IfMatch = new ETag(ifMatch) },
            },
        };
        try { return (await BlobOf(name).UploadAsync(BinaryData.FromBytes(content), options, cancellationToken)).Value.ETag.ToString(); }
        catch (RequestFailedException lost) when (lost.Status == 412 || lost.ErrorCode == BlobErrorCode.BlobAlreadyExists) { return await FindOwnAsync(name, mark, cancellationToken); }
    }

    /// <summary>The ETag of a write whose answer was lost and that was then refused when it was repeated; <see langword="null"/> if somebody else wrote.</summary>
    private async Task<string?> FindOwnAsync(string name, string mark, CancellationToken cancellationToken)
    {
        try
        {
            BlobProperties there = (await BlobOf(name).GetPropertiesAsync(cancellationToken: cancellationToken)).Value;
            return there.Metadata.TryGetValue(Mark, out string? writer) && writer == mark ? there.ETag.ToString() : null;
        }
        catch (RequestFailedException missing) when (missing.Status == 404) { return null; }
    }

    private async Task<List<string>> FindNamesAsync(string prefix, CancellationToken cancellationToken)
    {
        List<string> names = [];
        try
        {
            await foreach (BlobItem blob in blobs.PatientContainer.GetBlobsAsync(prefix: Root + prefix, cancellationToken: cancellationToken))
            {
                string name = blob.Name[Root.Length..];
                if (DocumentName.IsValid(name) && blob.Properties.ContentLength <= Document.MostBytes) { names.Add(name); }
            }
        }
        catch (RequestFailedException missing) when (missing.Status == 404) { return []; }
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private async Task<IReadOnlyList<Document>> ReadAllAsync(string prefix, CancellationToken cancellationToken)
    {
        List<string> names = await FindNamesAsync(prefix, cancellationToken);
        var documents = new Document?[names.Count];
        await Parallel.ForEachAsync(Enumerable.Range(0, names.Count), new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken },
            async (index, token) => documents[index] = await ReadAsync(names[index], token));
        return [.. documents.OfType<Document>()];            // some may have been removed meanwhile
    }

    private static async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        return await BlobConnection.GuardAsync(() => call(patience.Token), cancellationToken);
    }
}
