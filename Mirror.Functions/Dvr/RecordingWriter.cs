using Mirror.Streams.Recordings;

namespace Mirror.Functions.Dvr;

/// <summary>A recording that is written to: its index as this node knows it. One caller at a time.</summary>
internal sealed class RecordingWriter(IRecordingArchive archive, RecordingKey key)
{
    private const int MostAttempts = 5;                      // each lost to another writer, of which there are at most a recorder and a retention

    public RecordingKey Key => key;

    public RecordingIndex Index { get; } = new();

    /// <summary>It was deleted.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Reads what others wrote since.</summary>
    public async Task ReadOnAsync(CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte>? bytes = await archive.ReadIndexAsync(key, Index.Position, cancellationToken);
        IsGone = bytes is null;
        if (bytes is { } added) { Index.Append(added.Span); }
    }

    /// <summary>Appends entries.</summary>
    /// <returns><see langword="false"/>, and nothing was written, where others wrote meanwhile; <see cref="Index"/> has that now, and the entries must be thought over.</returns>
    public async Task<bool> TryAppendAsync(IReadOnlyList<RecordingEntry> entries, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> lines = RecordingIndexCodec.Write(entries, Index.IsTorn);
        if (!await archive.AppendIndexAsync(key, Index.Position, lines, cancellationToken))
        {
            await ReadOnAsync(cancellationToken);
            return false;
        }
        Index.Append(lines.Span);
        return true;
    }

    /// <summary>Completes the recording: says so in the index, deletes what a node that crashed left beside it, and writes the summary.</summary>
    /// <returns>The summary; <see langword="null"/> where nothing was recorded and the recording is deleted, or was.</returns>
    public async Task<RecordingSummary?> CompleteAsync(DateTime time, CancellationToken cancellationToken)
    {
        for (int attempt = 0; !Index.IsComplete && !IsGone; attempt++)
        {
            if (attempt == MostAttempts) { throw new IOException($"The index of recording {key} is written by others all the time."); }
            await TryAppendAsync([new RecordingClosed(time)], cancellationToken);
        }
        if (IsGone) { return null; }
        if (Index.SegmentCount == 0)
        {
            await archive.DeleteAsync(key, cancellationToken);
            return null;
        }
        await DeleteUnknownFilesAsync(cancellationToken);
        RecordingSummary summary = RecordingSummary.Of(key, Index);
        await archive.PutAsync(key, RecordedFileName.Summary, summary.ToJson(), cancellationToken);
        return summary;
    }

    /// <summary>Deletes the oldest segments of all renditions.</summary>
    /// <param name="firstMsn">The first number that stays.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task RemoveBeforeAsync(long firstMsn, CancellationToken cancellationToken)
    {
        string[] files = [.. Index.Renditions.SelectMany(rendition => rendition.Segments.TakeWhile(segment => segment.Msn < firstMsn).Where(segment => !segment.IsGap)
            .Select(segment => RecordedFileName.OfSegment(rendition.Name, segment.Msn)))];
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (Index.IsComplete || IsGone) { return; }
            if (!await TryAppendAsync([new SegmentsRemoved(firstMsn)], cancellationToken)) { continue; }
            await archive.DeleteFilesAsync(key, files, cancellationToken);       // after the index: nothing is listed that cannot be fetched
            return;
        }
    }

    private async Task DeleteUnknownFilesAsync(CancellationToken cancellationToken)
    {
        HashSet<string> known = [RecordedFileName.Summary];
        foreach (RecordedRendition rendition in Index.Renditions)
        {
            known.UnionWith(rendition.Inits.Select(init => RecordedFileName.OfInit(rendition.Name, init.Name)));
            known.UnionWith(rendition.Segments.Select(segment => RecordedFileName.OfSegment(rendition.Name, segment.Msn)));
        }
        List<string> unknown = [];
        await foreach (RecordedFile file in archive.ListFilesAsync(key, cancellationToken))
        {
            if (!known.Contains(file.Name)) { unknown.Add(file.Name); }
        }
        await archive.DeleteFilesAsync(key, unknown, cancellationToken);
    }
}
