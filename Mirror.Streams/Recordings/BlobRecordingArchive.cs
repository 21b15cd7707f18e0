using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Mirror.Media.Frames;
using Mirror.Streams.Shared;
using Mirror.Streams.Store;

namespace Mirror.Streams.Recordings;

/// <summary>Recordings in Azure Blob Storage: <c>dvr/{stream}/{recording}/{rendition}/{msn}.m4s</c>, and each index as an append blob, <c>dvr-index/{stream}/{recording}.jsonl</c>.</summary>
/// <remarks>Indexes lie apart, so that to list recordings is one call and not one for each of them. An append blob takes 50,000 blocks: a second apart, they last longer than a recording may (<see cref="DvrOptions.MaxLength"/>).</remarks>
/// <param name="blobs">Where the blobs are.</param>
public sealed class BlobRecordingArchive(BlobConnection blobs) : IRecordingArchive
{
    /// <summary>What the names of all recorded files begin with: no business of <see cref="BlobSweep"/>.</summary>
    public const string Root = "dvr/";

    /// <summary>What the names of all indexes begin with.</summary>
    public const string IndexRoot = "dvr-index/";

    private const string IndexSuffix = ".jsonl";
    private const int LargestSmallFile = 1 << 20;
    private const int MostAtOnce = 16;

    /// <inheritdoc/>
    public TimeSpan IndexInterval => TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">The storage is away.</exception>
    public ValueTask<IReadOnlyList<RecordingKey>> ListAsync(string? streamId, CancellationToken cancellationToken)
        => new(BlobConnection.GuardAsync(() => FindAsync(streamId, cancellationToken), cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<RecordingKey>> ListRemainsAsync(CancellationToken cancellationToken)
    {
        List<RecordingKey> folders = [];
        foreach (string stream in await ListFoldersAsync(Root, cancellationToken))
        {
            folders.AddRange((await ListFoldersAsync($"{Root}{stream}/", cancellationToken)).Select(id => new RecordingKey(stream, id)).Where(key => key.IsValid));
        }
        return [.. folders.Except(await ListAsync(null, cancellationToken))];        // asked for last: a recording that has just begun has its index by now
    }

    /// <inheritdoc/>
    public async ValueTask PutAsync(RecordingKey recording, string file, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        BlobClient blob = BlobOf(recording, file);
        await blobs.EnsureContainerAsync(cancellationToken);
        try { await blob.UploadAsync(BinaryData.FromBytes(bytes), overwrite: true, cancellationToken); }
        catch (RequestFailedException error) when (error.ErrorCode == BlobErrorCode.ContainerNotFound)
        {
            blobs.ForgetContainer();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<MediaBuffer?> ReadAsync(RecordingKey recording, string file, long offset, int length, CancellationToken cancellationToken)
    {
        BlobClient blob = BlobOf(recording, file);
        if (offset < 0 || length < 0 || offset > long.MaxValue - length) { return ValueTask.FromResult<MediaBuffer?>(null); }
        if (length == 0) { return ValueTask.FromResult<MediaBuffer?>(MediaBuffer.Rent(0)); }
        return BlobSegmentStore.ReadAsync(blob, new HttpRange(offset, length), length, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">The storage is away.</exception>
    public ValueTask<byte[]?> ReadSmallAsync(RecordingKey recording, string file, CancellationToken cancellationToken)
    {
        BlobClient blob = BlobOf(recording, file);
        return new(BlobConnection.GuardAsync(() => ReadSmallAsync(blob, cancellationToken), cancellationToken));
    }

    /// <inheritdoc/>
    public async ValueTask<bool> AppendIndexAsync(RecordingKey recording, long position, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        AppendBlobClient blob = blobs.Container.GetAppendBlobClient(IndexNameOf(recording));
        if (position == 0)
        {
            await blobs.EnsureContainerAsync(cancellationToken);
            await blob.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        }
        var options = new AppendBlobAppendBlockOptions { Conditions = new AppendBlobRequestConditions { IfAppendPositionEqual = position } };
        try
        {
            await using Stream content = BinaryData.FromBytes(lines).ToStream();
            await blob.AppendBlockAsync(content, options, cancellationToken);
            return true;
        }
        catch (RequestFailedException error) when (error.Status is 404 or 412)
        {
            if (error.ErrorCode == BlobErrorCode.ContainerNotFound) { blobs.ForgetContainer(); }
            return false;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">The storage is away.</exception>
    public ValueTask<ReadOnlyMemory<byte>?> ReadIndexAsync(RecordingKey recording, long position, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        BlobClient blob = IndexOf(recording);
        return new(BlobConnection.GuardAsync(() => ReadIndexAsync(blob, position, cancellationToken), cancellationToken));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<RecordedFile> ListFilesAsync(RecordingKey recording, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string folder = FolderOf(recording);
        await using IAsyncEnumerator<BlobItem> items = blobs.Container.GetBlobsAsync(prefix: folder, cancellationToken: cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveNextAsync(items))
        {
            yield return new RecordedFile(items.Current.Name[folder.Length..], items.Current.Properties.ContentLength ?? 0, items.Current.Properties.LastModified ?? DateTimeOffset.MinValue);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DeleteFilesAsync(RecordingKey recording, IReadOnlyCollection<string> files, CancellationToken cancellationToken)
    {
        string folder = FolderOf(recording);
        await Parallel.ForEachAsync(files, new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken },
            async (file, token) => await blobs.Container.DeleteBlobIfExistsAsync(folder + file, cancellationToken: token));
    }

    /// <inheritdoc/>
    /// <exception cref="SharedStateException">The storage is away.</exception>
    public async ValueTask DeleteAsync(RecordingKey recording, CancellationToken cancellationToken)
        => await BlobConnection.GuardAsync(() => DeleteAllAsync(recording, cancellationToken), cancellationToken);

    private async Task<IReadOnlyList<RecordingKey>> FindAsync(string? streamId, CancellationToken cancellationToken)
    {
        List<RecordingKey> found = [];
        string prefix = streamId is null ? IndexRoot : $"{IndexRoot}{streamId}/";
        await using IAsyncEnumerator<BlobItem> items = blobs.Container.GetBlobsAsync(prefix: prefix, cancellationToken: cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveNextAsync(items))
        {
            string[] parts = items.Current.Name[IndexRoot.Length..].Split('/');
            if (parts.Length != 2 || !parts[1].EndsWith(IndexSuffix, StringComparison.Ordinal)) { continue; }
            var key = new RecordingKey(parts[0], parts[1][..^IndexSuffix.Length]);
            if (key.IsValid) { found.Add(key); }
        }
        return found;
    }

    private static async Task<byte[]?> ReadSmallAsync(BlobClient blob, CancellationToken cancellationToken)
    {
        try
        {
            using BlobDownloadStreamingResult answer = await blob.DownloadStreamingAsync(cancellationToken: cancellationToken);
            if (answer.Details.ContentLength > LargestSmallFile) { return null; }
            byte[] bytes = new byte[answer.Details.ContentLength];
            await answer.Content.ReadExactlyAsync(bytes, cancellationToken);
            return bytes;
        }
        catch (RequestFailedException error) when (error.Status == 404) { return null; }
    }

    private static async Task<ReadOnlyMemory<byte>?> ReadIndexAsync(BlobClient blob, long position, CancellationToken cancellationToken)
    {
        var options = new BlobDownloadOptions { Range = position == 0 ? default : new HttpRange(position) };
        try
        {
            using BlobDownloadStreamingResult answer = await blob.DownloadStreamingAsync(options, cancellationToken);
            byte[] bytes = new byte[answer.Details.ContentLength];
            await answer.Content.ReadExactlyAsync(bytes, cancellationToken);
            return bytes;
        }
        catch (RequestFailedException error) when (error.Status == 416) { return ReadOnlyMemory<byte>.Empty; }
        catch (RequestFailedException error) when (error.Status == 404) { return null; }
    }

    /// <returns>Whether there was anything.</returns>
    private async Task<bool> DeleteAllAsync(RecordingKey recording, CancellationToken cancellationToken)
    {
        try { await IndexOf(recording).DeleteIfExistsAsync(cancellationToken: cancellationToken); }
        catch (RequestFailedException error) when (error.Status == 404) { return false; }      // not even a container
        List<string> files = [];
        await foreach (RecordedFile file in ListFilesAsync(recording, cancellationToken)) { files.Add(file.Name); }
        await DeleteFilesAsync(recording, files, cancellationToken);
        return true;
    }

    private async Task<List<string>> ListFoldersAsync(string prefix, CancellationToken cancellationToken)
    {
        List<string> folders = [];
        await using IAsyncEnumerator<BlobHierarchyItem> items = blobs.Container.GetBlobsByHierarchyAsync(delimiter: "/", prefix: prefix, cancellationToken: cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveNextAsync(items))
        {
            if (items.Current.IsPrefix) { folders.Add(items.Current.Prefix[prefix.Length..^1]); }
        }
        return folders;
    }

    // Where nothing was ever recorded there may be no container, which is no outage.
    private static async ValueTask<bool> MoveNextAsync<T>(IAsyncEnumerator<T> items)
    {
        try { return await items.MoveNextAsync(); }
        catch (RequestFailedException error) when (error.ErrorCode == BlobErrorCode.ContainerNotFound) { return false; }
    }

    private BlobClient IndexOf(RecordingKey recording) => blobs.Container.GetBlobClient(IndexNameOf(recording));

    private BlobClient BlobOf(RecordingKey recording, string file)
    {
        RecordedFileName.ThrowIfInvalid(recording, file);
        return blobs.Container.GetBlobClient(FolderOf(recording) + file);
    }

    private static string IndexNameOf(RecordingKey recording) => $"{IndexRoot}{Checked(recording)}{IndexSuffix}";

    private static string FolderOf(RecordingKey recording) => $"{Root}{Checked(recording)}/";

    private static RecordingKey Checked(RecordingKey recording)
        => recording.IsValid ? recording : throw new ArgumentException($"'{recording}' is no name of a recording.", nameof(recording));
}
