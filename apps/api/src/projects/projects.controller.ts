import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Projects } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { AnswerKeeper, IDEMPOTENCY_PROBLEMS, Idempotent, type KeepAnswer } from '../http/idempotent.js';
import {
  createProjectBody,
  type CreateProjectBody,
  createProjectExample,
  DescribeProjectId,
  listProjectsQuery,
  type ListProjectsQuery,
  projectExample,
  ProjectId,
  projectPageExample,
  projectPageSchema,
  type ProjectPageView,
  projectSchema,
  projectView,
  type ProjectView,
  updateProjectBody,
  type UpdateProjectBody,
  updateProjectExample,
} from './project.schema.js';

@ApiTags('Projects')
@Controller('/v1/projects')
export class ProjectsController {
  constructor(private readonly projects: Projects) {}

  @Post()
  @Idempotent()
  @Scopes('projects:write')
  @Describe({
    summary: 'Create a project',
    body: createProjectExample,
    answers: { status: 201, description: 'The project.', schema: projectSchema, example: projectExample },
    problems: IDEMPOTENCY_PROBLEMS,
  })
  async create(
    @CurrentCaller() { tenant }: Caller,
    @Body({ schema: createProjectBody }) { name, externalRef }: CreateProjectBody,
    @AnswerKeeper() keepAnswer: KeepAnswer,
  ): Promise<ProjectView> {
    const project = await this.projects.create({
      ...{ tenant, name, externalRef },
      alongside: (tx, created) => keepAnswer(tx, projectView(created)),
    });
    return projectView(project);
  }

  @Get()
  @Scopes('projects:read')
  @Describe({
    summary: 'List projects, newest first',
    answers: { status: 200, description: 'A page.', schema: projectPageSchema, example: projectPageExample },
    problems: ['validation.failed', 'cursor.invalid'],
  })
  async list(
    @CurrentCaller() { tenant }: Caller,
    @Query({ schema: listProjectsQuery }) { limit, cursor }: ListProjectsQuery,
  ): Promise<ProjectPageView> {
    const { items, nextCursor } = await this.projects.list({ tenant, limit, cursor });
    return { items: items.map(projectView), nextCursor };
  }

  @Get('/:projectId')
  @DescribeProjectId()
  @Scopes('projects:read')
  @Describe({
    summary: 'Read a project',
    answers: { status: 200, description: 'The project.', schema: projectSchema, example: projectExample },
    problems: ['path.malformed', 'project.unknown'],
  })
  async get(@CurrentCaller() { tenant }: Caller, @ProjectId() id: string): Promise<ProjectView> {
    return projectView(await this.projects.get({ tenant, id }));
  }

  @Patch('/:projectId')
  @DescribeProjectId()
  @Scopes('projects:write')
  @Describe({
    summary: 'Change the name or the externalRef of a project',
    body: updateProjectExample,
    answers: { status: 200, description: 'The project.', schema: projectSchema, example: projectExample },
    problems: ['path.malformed', 'project.unknown'],
  })
  async update(
    @CurrentCaller() { tenant }: Caller,
    @ProjectId() id: string,
    @Body({ schema: updateProjectBody }) changes: UpdateProjectBody,
  ): Promise<ProjectView> {
    return projectView(await this.projects.update({ tenant, id }, changes));
  }

  @Delete('/:projectId')
  @DescribeProjectId()
  @HttpCode(204)
  @Scopes('projects:write')
  @Describe({
    summary: 'Delete a project in which no account is connected',
    description: 'Its unused states expire. The default project stays.',
    answers: { status: 204, description: 'Deleted.' },
    problems: ['path.malformed', 'project.unknown', 'project.is_default', 'project.in_use'],
  })
  async delete(@CurrentCaller() { tenant }: Caller, @ProjectId() id: string): Promise<void> {
    await this.projects.delete({ tenant, id });
  }
}
