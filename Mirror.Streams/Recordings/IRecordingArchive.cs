using Mirror.Media.Frames;

namespace Mirror.Streams.Recordings;

/// <summary>Keeps the files and the index of each recording, for as long as nobody deletes them. Thread-safe.</summary>
/// <remarks>
/// A file is there as a whole or not at all, whenever a writer crashes. The index only grows, and a writer says where it believes it to end:
/// whoever is behind the others is told so, and must read on before it writes. A call throws what the storage throws while it is away, and may be repeated;
/// those that answer people (the list, indexes, small files, the deletion of a recording) throw <see cref="Shared.SharedStateException"/> where the storage is one that nodes share.
/// </remarks>
public interface IRecordingArchive
{
    /// <summary>How far apart appends to one index are at least: each costs, and some storages count them.</summary>
    TimeSpan IndexInterval { get; }

    /// <summary>The recordings that have an index, by stream and id.</summary>
    /// <param name="streamId">Of this stream; <see langword="null"/>: of all.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask<IReadOnlyList<RecordingKey>> ListAsync(string? streamId, CancellationToken cancellationToken);

    /// <summary>Recordings without an index: what a node left that crashed while it began or deleted one.</summary>
    ValueTask<IReadOnlyList<RecordingKey>> ListRemainsAsync(CancellationToken cancellationToken);

    /// <summary>Writes a file (<see cref="RecordedFileName"/>), in place of one of the same name.</summary>
    ValueTask PutAsync(RecordingKey recording, string file, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Reads <paramref name="length"/> bytes of a file from <paramref name="offset"/>; <see langword="null"/> if they are not there.</summary>
    /// <returns>A buffer of which the caller owns one reference.</returns>
    ValueTask<MediaBuffer?> ReadAsync(RecordingKey recording, string file, long offset, int length, CancellationToken cancellationToken);

    /// <summary>Reads a whole file of up to 1 MiB; <see langword="null"/> if it is not there, or larger.</summary>
    ValueTask<byte[]?> ReadSmallAsync(RecordingKey recording, string file, CancellationToken cancellationToken);

    /// <summary>Appends to the index, which it makes where <paramref name="position"/> is 0.</summary>
    /// <param name="recording">The recording.</param>
    /// <param name="position">The length of the index as the writer knows it.</param>
    /// <param name="lines">Whole lines, up to 4 MiB.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns><see langword="false"/>, and nothing was written, when it has another length: somebody else wrote, an earlier call was done after all, or the recording was deleted.</returns>
    ValueTask<bool> AppendIndexAsync(RecordingKey recording, long position, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken);

    /// <summary>Reads the index from <paramref name="position"/> to its end. The last line may be torn.</summary>
    /// <returns><see langword="null"/> if there is none.</returns>
    ValueTask<ReadOnlyMemory<byte>?> ReadIndexAsync(RecordingKey recording, long position, CancellationToken cancellationToken);

    /// <summary>The files of a recording, its index apart, in no certain order.</summary>
    IAsyncEnumerable<RecordedFile> ListFilesAsync(RecordingKey recording, CancellationToken cancellationToken);

    /// <summary>Deletes files; those that are not there are passed over.</summary>
    ValueTask DeleteFilesAsync(RecordingKey recording, IReadOnlyCollection<string> files, CancellationToken cancellationToken);

    /// <summary>Deletes a recording, its index first: what a crash leaves of it is found by <see cref="ListRemainsAsync"/>.</summary>
    ValueTask DeleteAsync(RecordingKey recording, CancellationToken cancellationToken);
}

/// <summary>One file of a recording.</summary>
/// <param name="Name">Its name (<see cref="RecordedFileName"/>), or any other where a crash left an unfinished one.</param>
/// <param name="Length">Bytes.</param>
/// <param name="WrittenAt">When it was written.</param>
public readonly record struct RecordedFile(string Name, long Length, DateTimeOffset WrittenAt);
