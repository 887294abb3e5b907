import { Module } from '@nestjs/common';
import { EnsureWorkspace } from './ensure-workspace.js';

@Module({ providers: [EnsureWorkspace], exports: [EnsureWorkspace] })
export class WorkspacesModule {}
