using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Mirror.Media.Frames;

namespace Mirror.Streams.Recordings;

/// <summary>Recordings of a single process, in files: <c>{stream}/{recording}/{rendition}/{msn}.m4s</c>, and the index beside the renditions.</summary>
/// <remarks>
/// A file gets its name when it is complete. A crash of the process loses nothing; one of the machine may cost what the operating system had not
/// written yet, some seconds.
/// </remarks>
/// <param name="directory">The folder, which is made when first written to.</param>
public sealed class LocalRecordingArchive(string directory) : IRecordingArchive
{
    private const string UnfinishedSuffix = ".new";
    private const int LargestSmallFile = 1 << 20;
    private readonly Lock _indexes = new();

    /// <inheritdoc/>
    public TimeSpan IndexInterval => TimeSpan.Zero;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RecordingKey>> ListAsync(string? streamId, CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyList<RecordingKey>>([.. Find(streamId).Where(key => File.Exists(IndexOf(key)))]);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<RecordingKey>> ListRemainsAsync(CancellationToken cancellationToken)
        => ValueTask.FromResult<IReadOnlyList<RecordingKey>>([.. Find(null).Where(key => !File.Exists(IndexOf(key)))]);

    /// <inheritdoc/>
    public async ValueTask PutAsync(RecordingKey recording, string file, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        string path = PathOf(recording, file);
        string unfinished = path + UnfinishedSuffix;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using (SafeFileHandle handle = File.OpenHandle(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.Asynchronous, bytes.Length))
        {
            await RandomAccess.WriteAsync(handle, bytes, 0, cancellationToken);
        }
        File.Move(unfinished, path, overwrite: true);
    }

    /// <inheritdoc/>
    public async ValueTask<MediaBuffer?> ReadAsync(RecordingKey recording, string file, long offset, int length, CancellationToken cancellationToken)
    {
        string path = PathOf(recording, file);
        if (offset < 0 || length < 0) { return null; }
        try
        {
            using SafeFileHandle handle = File.OpenHandle(path, options: FileOptions.Asynchronous);
            if (RandomAccess.GetLength(handle) - offset < length) { return null; }
            MediaBuffer buffer = MediaBuffer.Rent(length);
            try
            {
                Memory<byte> target = System.Runtime.InteropServices.MemoryMarshal.AsMemory(Reserve(buffer, length));
                int filled = 0;
                while (filled < length)
                {
                    int read = await RandomAccess.ReadAsync(handle, target[filled..], offset + filled, cancellationToken);
                    if (read == 0) { throw new EndOfStreamException($"{path} became shorter."); }
                    filled += read;
                }
                return buffer;
            }
            catch
            {
                buffer.Release();
                throw;
            }
        }
        catch (Exception error) when (IsMissing(error)) { return null; }
    }

    /// <inheritdoc/>
    public async ValueTask<byte[]?> ReadSmallAsync(RecordingKey recording, string file, CancellationToken cancellationToken)
    {
        var found = new FileInfo(PathOf(recording, file));
        try { return found.Exists && found.Length <= LargestSmallFile ? await File.ReadAllBytesAsync(found.FullName, cancellationToken) : null; }
        catch (Exception error) when (IsMissing(error)) { return null; }
    }

    /// <inheritdoc/>
    public ValueTask<bool> AppendIndexAsync(RecordingKey recording, long position, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        string path = IndexOf(recording);
        lock (_indexes)
        {
            if (position > 0 && !File.Exists(path)) { return ValueTask.FromResult(false); }
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using SafeFileHandle handle = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            if (RandomAccess.GetLength(handle) != position) { return ValueTask.FromResult(false); }
            RandomAccess.Write(handle, lines.Span, position);
            return ValueTask.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadIndexAsync(RecordingKey recording, long position, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        try
        {
            using var stream = new FileStream(IndexOf(recording), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, useAsync: true);
            if (position >= stream.Length) { return ReadOnlyMemory<byte>.Empty; }
            byte[] bytes = new byte[stream.Length - position];
            stream.Position = position;
            int filled = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
            return bytes.AsMemory(0, filled);
        }
        catch (Exception error) when (IsMissing(error)) { return null; }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<RecordedFile> ListFilesAsync(RecordingKey recording, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var folder = new DirectoryInfo(FolderOf(recording));
        if (!folder.Exists) { yield break; }
        foreach (FileInfo file in folder.EnumerateFiles("*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(folder.FullName, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
            if (name != RecordedFileName.Index && file.Exists) { yield return new RecordedFile(name, file.Length, new DateTimeOffset(file.LastWriteTimeUtc)); }
        }
        await Task.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DeleteFilesAsync(RecordingKey recording, IReadOnlyCollection<string> files, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(files);
        string folder = FolderOf(recording);
        foreach (string file in files)
        {
            string path = Path.GetFullPath(Path.Combine(folder, file));
            if (!path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)) { throw new ArgumentException($"'{file}' is no name of a recorded file.", nameof(files)); }
            try { File.Delete(path); }
            catch (DirectoryNotFoundException) { /* gone already */ }
        }
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(RecordingKey recording, CancellationToken cancellationToken)
    {
        string folder = FolderOf(recording);
        if (!Directory.Exists(folder)) { return ValueTask.CompletedTask; }
        File.Delete(IndexOf(recording));
        Directory.Delete(folder, recursive: true);
        string stream = Path.GetDirectoryName(folder)!;
        try { Directory.Delete(stream); }
        catch (IOException) { /* the stream has other recordings */ }
        return ValueTask.CompletedTask;
    }

    private IEnumerable<RecordingKey> Find(string? streamId)
    {
        if (!Directory.Exists(directory)) { return []; }
        return Directory.EnumerateDirectories(directory)
            .Select(Path.GetFileName)
            .Where(stream => StreamId.IsValid(stream) && (streamId is null || stream == streamId))
            .SelectMany(stream => Directory.EnumerateDirectories(Path.Combine(directory, stream!)).Select(path => new RecordingKey(stream!, Path.GetFileName(path))))
            .Where(key => key.IsValid)
            .OrderBy(key => key.StreamId, StringComparer.Ordinal).ThenBy(key => key.Id, StringComparer.Ordinal);
    }

    private static ReadOnlyMemory<byte> Reserve(MediaBuffer buffer, int length)
    {
        buffer.GetSpan(length);
        buffer.Advance(length);
        return buffer.Memory;
    }

    private static bool IsMissing(Exception error) => error is FileNotFoundException or DirectoryNotFoundException;

    private string FolderOf(RecordingKey recording)
        => recording.IsValid
            ? Path.GetFullPath(Path.Combine(directory, recording.StreamId, recording.Id))
            : throw new ArgumentException($"'{recording}' is no name of a recording.", nameof(recording));

    private string IndexOf(RecordingKey recording) => Path.Combine(FolderOf(recording), RecordedFileName.Index);

    private string PathOf(RecordingKey recording, string file)
    {
        RecordedFileName.ThrowIfInvalid(recording, file);
        return Path.Combine(FolderOf(recording), file);
    }
}
